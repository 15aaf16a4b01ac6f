"""A tree as large as the released results of LLMRouterBench, imported, measured, and removed.

    cargo build --release && python3 host/cli/benches/released.py [--scale 1.0] [--novelty 0.1] [--work DIR] [--keep]

33 models, 21 datasets, 391,398 records at scale 1; a smaller scale has fewer queries of each dataset. Texts are made by a
chain over the words of the starter data's answers: at each word the chain stays in its answer, goes on in another answer
after the same word, or (with `--novelty`) starts anywhere; a tenth of that is words and numbers that nobody said before. How
real answers and these compress with zstd is printed beside each other where there is a `zstd` program. The lengths are
estimates by kind of dataset and model: what hosted models thought is in their token counts and not in their texts, as in
the release.

Prints: size and tokens of the tree; wall and CPU time and peak memory of the import (on two cores where `taskset` is there);
size of the tables beside the JSON; time to load scores and costs from the tables and with `json.load`. Needs about 12 GB at
scale 1.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "target/release/routerlab"

# Name, whether it thinks in its reply.
LIGHTWEIGHT = [
    ("DeepHermes-3-Llama-3-8B-Preview", False), ("DeepSeek-R1-0528-Qwen3-8B", True),
    ("DeepSeek-R1-Distill-Qwen-7B", True), ("Fin-R1", True), ("GLM-Z1-9B-0414", True), ("Intern-S1-mini", True),
    ("Llama-3.1-8B-Instruct", False), ("Llama-3.1-8B-UltraMedical", False), ("Llama-3.1-Nemotron-Nano-8B-v1", False),
    ("MiMo-7B-RL-0530", True), ("MiniCPM4.1-8B", True), ("NVIDIA-Nemotron-Nano-9B-v2", True), ("OpenThinker3-7B", True),
    ("Qwen2.5-Coder-7B-Instruct", False), ("Qwen3-8B", True), ("cogito-v1-preview-llama-8B", False),
    ("gemma-2-9b-it", False), ("glm-4-9b-chat", False), ("granite-3.3-8b-instruct", False),
    ("internlm3-8b-instruct", False),
]
# Name, dollars per million tokens, whether it thinks where nobody sees it.
FLAGSHIP = [
    ("claude-sonnet-4", 3, 15, False), ("gemini-2.5-flash", 0.3, 2.5, True), ("gemini-2.5-pro", 1.25, 10, True),
    ("gpt-5-chat", 1.25, 10, False), ("gpt-5", 1.25, 10, True), ("qwen3-235b-a22b-2507", 0.09, 0.6, False),
    ("qwen3-235b-a22b-thinking-2507", 0.3, 2.9, True), ("deepseek-v3-0324", 0.25, 0.88, False),
    ("deepseek-v3.1-terminus", 0.27, 1, False), ("deepseek-r1-0528", 0.5, 2.15, True), ("glm-4.6", 0.6, 2.2, True),
    ("kimi-k2-0905", 0.5, 2, False), ("intern-s1", 0.18, 0.54, True),
]
# Dataset, split, queries, tokens of the question, of the template around it, of a plain answer, of thinking before it.
PERFORMANCE = [
    ("aime", "hybrid", 60, 120, 60, 900, 11000), ("bbh", "test", 1080, 250, 650, 250, 2600),
    ("emorynlp", "test", 697, 500, 100, 60, 1500), ("finqa", "test", 1147, 900, 120, 250, 3200),
    ("gpqa", "test", 198, 230, 90, 650, 8500), ("humaneval", "test", 164, 140, 70, 350, 4800),
    ("kandk", "test", 700, 160, 400, 600, 7500), ("korbench", "test", 1250, 600, 150, 450, 5000),
    ("livecodebench", "test", 1055, 480, 150, 600, 11500), ("math500", "test", 500, 90, 50, 600, 5200),
    ("mathbench", "test", 150, 80, 50, 450, 4200), ("mbpp", "test", 974, 110, 80, 220, 4000),
    ("medqa", "test", 1273, 220, 90, 400, 2600), ("meld", "test", 1232, 350, 100, 60, 1400),
    ("mmlupro", "test", 1000, 200, 90, 450, 4200),
]
COST = [
    ("aime", "hybrid", 60, 120, 60, 900, 15000), ("livemathbench", "test", 121, 110, 50, 800, 12000),
    ("livecodebench", "test", 1055, 480, 150, 700, 12000), ("swe-bench", "verified", 500, 9000, 600, 700, 3000),
    ("gpqa", "test", 198, 230, 90, 700, 7000), ("hle", "test", 2158, 230, 120, 600, 8500),
    ("mmlupro", "test_3000", 3000, 200, 90, 450, 2800), ("simpleqa", "test", 4326, 22, 20, 50, 1100),
    ("arenahard", "v1", 750, 120, 0, 1200, 1800), ("tau2", "test", 278, 1800, 300, 1400, 2500),
]
# With it all tokens together are the 1.8e9 that the release has.
LENGTHS = 1.55
CHARACTERS_A_TOKEN = 4
TEXT_POOL = 48 << 20


def answers_of_the_starter_data():
    """The words of real answers. They are read with the program, which exports them as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        data, out = Path(scratch) / "data", Path(scratch) / "out"
        shutil.copytree(ROOT / "datasets/starter", data)
        (data / "scores/scoring=own").mkdir(parents=True)
        none = {"schema": "routerlab.scoring/1", "tool": "none", "inputs": {}, "files": {}}
        (data / "scores/scoring=own/scoring.json").write_text(json.dumps(none))
        subprocess.run([PROGRAM, "export", "llmrouterbench", data, "--out", out], check=True, capture_output=True)
        runs = sorted(out.rglob("*.json"), key=lambda path: (path.parent.name, path))
        return [record["raw_output"] for path in runs for record in json.loads(path.read_text())["records"]]


def chained(answers, novelty, characters, generator):
    words = [word for answer in answers for word in re.findall(r"\S+\s*", answer) + ["\n"]]
    after = {}
    for at, word in enumerate(words[:-1]):
        after.setdefault(word, []).append(at + 1)
    text, length, at = [], 0, 0
    pick, chance = generator.randrange, generator.random
    while length < characters:
        if chance() < novelty / 10:
            word = f"{pick(10 ** pick(1, 6))} " if chance() < 0.5 else "".join(
                generator.choice("etaoinshrdlucmfwyp") for _ in range(pick(3, 9))) + " "
            text.append(word)
            length += len(word)
        if chance() < novelty:
            at = pick(len(words))
        else:
            known = after.get(words[at])
            at = known[pick(len(known))] if known and chance() < 0.5 else (at + 1) % len(words)
        text.append(words[at])
        length += len(words[at])
    return "".join(text)


def ratio(text):
    if not shutil.which("zstd"):
        return float("nan")
    packed = subprocess.run(["zstd", "-6", "-c", "-q"], input=text, stdout=subprocess.PIPE, check=True).stdout
    return len(text) / len(packed)


class Tree:
    def __init__(self, folder, pool, scale, generator):
        self.folder, self.pool, self.scale, self.generator = folder, pool, scale, generator
        self.records = self.tokens = self.bytes = self.files = self.output_bytes = self.prompt_bytes = 0

    def text(self, tokens):
        length = max(8, int(tokens * CHARACTERS_A_TOKEN * self.generator.lognormvariate(-0.18, 0.6)))
        parts = []
        while length > 0:
            at = self.generator.randrange(len(self.pool) - 1)
            parts.append(self.pool[at : at + min(length, 1 << 20)])
            length -= len(parts[-1])
        return "".join(parts)

    def dataset(self, setting, dataset, split, queries, question, template, answer, thinking):
        queries = max(1, round(queries * self.scale))
        answer, thinking = answer * LENGTHS, thinking * LENGTHS
        # The same questions in both settings.
        generator, self.generator = self.generator, random.Random(f"{dataset}/{split}")
        before = self.text(template)
        questions = [self.text(question) for _ in range(queries)]
        self.generator = generator
        asked = [(json.dumps(text, ensure_ascii=False), json.dumps(before + text, ensure_ascii=False), len(text) + len(before))
                 for text in questions]
        truths = [str(at * 37 % 1000) for at in range(queries)]
        for model in LIGHTWEIGHT if setting == "performance" else FLAGSHIP:
            name = model[0]
            place = self.folder / "bench" / dataset / split / name
            place.mkdir(parents=True, exist_ok=True)
            path = place / f"{dataset}-{split}-{name}-20250901_120000.json"
            lines, right, spent, prompt_sum, answer_sum = [], 0, 0.0, 0, 0
            for at, (origin, prompt, length) in enumerate(asked):
                hidden = 0
                if setting == "performance":
                    text = self.text(answer + (thinking if model[1] else 0))
                    cost = 0.0
                else:
                    text = self.text(answer)
                    hidden = int(thinking * self.generator.lognormvariate(-0.18, 0.6)) if model[3] else 0
                prompt_tokens, completion_tokens = length // CHARACTERS_A_TOKEN, len(text) // CHARACTERS_A_TOKEN + hidden
                if setting != "performance":
                    cost = (prompt_tokens * model[1] + completion_tokens * model[2]) / 1e6
                score = float(self.generator.random() < 0.6)
                right, spent = right + score, spent + cost
                prompt_sum, answer_sum = prompt_sum + prompt_tokens, answer_sum + completion_tokens
                raw = json.dumps(text, ensure_ascii=False)
                self.output_bytes += len(text)
                lines.append(
                    f'    {{\n      "index": {at + 1},\n      "origin_query": {origin},\n      "prompt": {prompt},\n'
                    f'      "prompt_tokens": {prompt_tokens},\n      "completion_tokens": {completion_tokens},\n'
                    f'      "cost": {cost!r},\n      "score": {score},\n      "prediction": "{truths[at]}",\n'
                    f'      "ground_truth": "{truths[at]}",\n      "raw_output": {raw},\n      "extra_fields": {{}}\n    }}')
            self.prompt_bytes += sum(len(origin) + len(prompt) for origin, prompt, _ in asked)
            head = (
                f'{{\n  "performance": {right / queries},\n  "time_taken": 100.0,\n  "prompt_tokens": {prompt_sum},\n'
                f'  "completion_tokens": {answer_sum},\n  "cost": {spent!r},\n  "counts": {queries},\n'
                f'  "model_name": "{name}",\n  "dataset_name": "{dataset}",\n  "split": "{split}",\n  "demo": false,\n'
                f'  "extra_metrics": {{}},\n  "data_fingerprint": "",\n  "records": [\n')
            path.write_text(head + ",\n".join(lines) + "\n  ]\n}", encoding="utf-8")
            self.files += 1
            self.records += queries
            self.tokens += prompt_sum + answer_sum
            self.bytes += path.stat().st_size


def size(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--novelty", type=float, default=0.1)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--loader", type=Path, help="the built benchmark `released`, instead of `cargo bench`")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="released-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        measure(options, work)
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


def measure(options, work):
    generator = random.Random(1)
    real = answers_of_the_starter_data()
    text = "\n".join(real)
    pool = chained(real, options.novelty, max(1 << 20, int(TEXT_POOL * min(1, options.scale * 4))), generator)
    sample = pool[: len(text)].encode(), pool[: 8 << 20].encode()
    print(f"zstd -6: real answers {ratio(text.encode()):.2f} ({len(text)} characters), made ones {ratio(sample[0]):.2f} "
          f"(as many), {ratio(sample[1]):.2f} ({len(sample[1])})", flush=True)

    started = time.time()
    tree = Tree(work / "results", pool, options.scale, generator)
    for setting, datasets in [("performance", PERFORMANCE), ("cost", COST)]:
        for dataset in datasets:
            tree.dataset(setting, *dataset)
    names = {model[0] for model in LIGHTWEIGHT + FLAGSHIP}
    print(f"tree: {tree.records} records of {len(names)} models in {tree.files} files, {tree.bytes / 1e9:.2f} GB "
          f"(answers {tree.output_bytes / 1e9:.2f}, questions and prompts {tree.prompt_bytes / 1e9:.2f}), "
          f"{tree.tokens / 1e9:.2f}e9 tokens, made in {time.time() - started:.0f} s", flush=True)

    cores = ["taskset", "-c", "0,1"] if shutil.which("taskset") else []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.time()
    command = cores + [PROGRAM, "import", "llmrouterbench", work / "results", "--out", work / "data"]
    timed = subprocess.run([sys.executable, "-c", MEASURED] + [str(part) for part in command], stdout=subprocess.PIPE, check=True)
    wall = time.time() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(timed.stdout.split()[-1]) / 1024
    print(f"import: {wall:.1f} s wall, {cpu:.1f} s CPU, peak memory {peak:.0f} MiB, load {os.getloadavg()[0]:.1f} on "
          f"{os.cpu_count()} cores", flush=True)
    tables = size(work / "data")
    answers = size(work / "data/completions")
    print(f"tables: {tables / 1e9:.3f} GB, JSON / tables = {tree.bytes / tables:.1f}; completions {answers / 1e9:.3f} GB, "
          f"answers' text / completions = {tree.output_bytes / answers:.2f}; scores {size(work / 'data/scores') / 1e6:.1f} MB, "
          f"outcomes {(work / 'data/outcomes.parquet').stat().st_size / 1e6:.1f} MB, "
          f"queries {(work / 'data/queries.parquet').stat().st_size / 1e6:.1f} MB", flush=True)

    built = ["cargo", "bench", "--locked", "-q", "-p", "routerlab", "--bench", "released", "--"]
    loader = [options.loader.resolve()] if options.loader else built
    subprocess.run(loader + [work / "data"], check=True, cwd=ROOT)
    started, cpu = time.time(), time.process_time()
    cells = {}
    for path in sorted((work / "results").rglob("*.json")):
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        key = run["dataset_name"], run["split"], run["model_name"]
        cells[key] = [(record["index"], record["score"], record["cost"]) for record in run["records"]]
    print(f"json.load: {time.time() - started:.1f} s wall, {time.process_time() - cpu:.1f} s CPU for "
          f"{sum(map(len, cells.values()))} records")


# Runs a command and prints the peak memory of it and its children in KiB.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

if __name__ == "__main__":
    main()
