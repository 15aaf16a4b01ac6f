"""Times `routerlab embed` on a CPU beside what Python has for it: sentence-transformers and onnxruntime.

    python3 tests/encoders/export_onnx.py --model FOLDER --out plain.onnx --fused fused.onnx
    python3 host/cli/benches/encoders.py --model FOLDER --queries QUERIES.parquet [MORE.parquet ...] \\
        --onnx plain.onnx fused.onnx [--texts 2000] [--repeats 5]

FOLDER is a sentence-transformers model with mean pooling and normalisation, such as all-MiniLM-L6-v2. The texts are the
first distinct ones of the columns `origin_query` or `query` of the Parquet files. Everything is in float32 and on all
cores, and includes tokenising; loading a model is not counted, and with routerlab writing the table is. Each of several
batch sizes takes its turn in every repeat. A line tells the least, the median and the most tokens per second; then, for
each program, the batch size of the best median. Tokens are those that the model sees: after truncation, special ones
counted, padding not.

With --times FILE, the seconds of each run are written as JSON.
Written for torch 2.15.0, sentence-transformers 6.2.0, tokenizers 0.23.3, onnxruntime 1.32.0 and pyarrow 26.0.1.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import time

# Settings that make another program's arithmetic repeatable would slow these down.
for name in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ.pop(name, None)
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import numpy
import onnxruntime
import pyarrow.parquet
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from embed_program import embed

CORES = len(os.sched_getaffinity(0))


class Onnx:
    """What one writes by hand around onnxruntime: texts sorted by length, in batches padded to their longest."""

    def __init__(self, file, tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = CORES
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self.inputs = {given.name: given.type for given in self.session.get_inputs()}
        self.tokenizer = tokenizer

    def encode(self, texts, batch_size):
        rows = [row.ids for row in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        vectors = None
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            shape = (len(batch), len(rows[batch[0]]))
            ids, mask = numpy.zeros(shape, numpy.int64), numpy.zeros(shape, numpy.int64)
            for at, row in enumerate(batch):
                ids[at, : len(rows[row])] = rows[row]
                mask[at, : len(rows[row])] = 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros(shape, numpy.int64)}
            # onnxruntime's optimiser may narrow the inputs.
            given = {
                name: given[name].astype(numpy.int32 if kind == "tensor(int32)" else numpy.int64, copy=False)
                for name, kind in self.inputs.items()
            }
            (states,) = self.session.run(["last_hidden_state"], given)
            weights = mask.astype(numpy.float32)
            means = numpy.einsum("bsh,bs->bh", states, weights) / weights.sum(1, keepdims=True)
            means /= numpy.linalg.norm(means, axis=1, keepdims=True)
            if vectors is None:
                vectors = numpy.empty((len(rows), means.shape[1]), numpy.float32)
            vectors[batch] = means
        return vectors


class Routerlab:
    """The program. It says itself how long it took once the model was there."""

    def __init__(self, program, model):
        self.program, self.model, self.seconds = program, model, None

    def encode(self, texts, _):
        said, vectors = embed(self.program, self.model, texts)
        self.seconds = said["seconds"]
        return vectors


def read_texts(files, most):
    """The first distinct texts of some files."""
    texts = {}
    for file in files:
        names = pyarrow.parquet.read_schema(file).names
        column = "origin_query" if "origin_query" in names else "query"
        texts.update(dict.fromkeys(pyarrow.parquet.read_table(file, columns=[column])[column].to_pylist()))
    return list(texts)[:most]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--queries", required=True, nargs="+", help="Parquet files with the texts")
    parser.add_argument("--texts", type=int, default=2000, help="how many texts")
    parser.add_argument("--routerlab", default=shutil.which("routerlab") or "target/release/routerlab")
    parser.add_argument("--onnx", nargs="*", default=[], type=pathlib.Path, help="ONNX files of the same model")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--times", type=pathlib.Path, help="file for the seconds of each run")
    arguments = parser.parse_args()

    texts = read_texts(arguments.queries, arguments.texts)
    torch.set_num_threads(CORES)
    model = SentenceTransformer(arguments.model, device="cpu", model_kwargs={"dtype": torch.float32})
    tokenizer = Tokenizer.from_file(f"{arguments.model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.max_seq_length)
    tokens = sum(len(row.ids) for row in tokenizer.encode_batch(texts))
    print(f"{len(texts)} texts, {tokens} tokens of at most {model.max_seq_length} a text; {CORES} cores, {processor()}")

    routerlab = Routerlab(arguments.routerlab, arguments.model)
    programs = {
        "routerlab": routerlab.encode,
        "sentence-transformers": lambda some, size: model.encode(some, batch_size=size, show_progress_bar=False),
    }
    for file in arguments.onnx:
        programs[f"onnxruntime {file.name}"] = Onnx(file, tokenizer).encode

    # Once round before the clock starts: it warms up, and it shows that all compute the same.
    sample = texts[:: max(1, len(texts) // 100)]
    first = None
    for name, encode in programs.items():
        vectors = encode(sample, arguments.batch_sizes[0])
        first = vectors if first is None else first
        difference = numpy.abs(vectors - first).max()
        assert difference < 1e-4, f"{name} differs by {difference}"

    # routerlab makes batches by itself.
    sizes = {name: arguments.batch_sizes[: 1 if name == "routerlab" else None] for name in programs}
    seconds = {(name, size): [] for name in programs for size in sizes[name]}
    for _ in range(arguments.repeats):
        for name, size in seconds:
            start = time.perf_counter()
            programs[name](texts, size)
            took = routerlab.seconds if name == "routerlab" else time.perf_counter() - start
            seconds[name, size].append(took)

    speeds = {key: [tokens / each for each in runs] for key, runs in seconds.items()}
    for (name, size), runs in speeds.items():
        print(f"{name}, batches of {size}: {summary(runs)}")
    for name in programs:
        size = max(sizes[name], key=lambda size: statistics.median(speeds[name, size]))
        print(f"best of {name}: {summary(speeds[name, size])} (batches of {size})")
    if arguments.times:
        rows = [{"program": name, "batch_size": size, "seconds": runs} for (name, size), runs in seconds.items()]
        arguments.times.write_text(json.dumps({"cores": CORES, "tokens": tokens, "runs": rows}, indent=2) + "\n")


def summary(runs):
    least, middle, most = min(runs), statistics.median(runs), max(runs)
    return f"min {least:.0f}, median {middle:.0f}, max {most:.0f} tokens/s, n = {len(runs)}"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


if __name__ == "__main__":
    main()
