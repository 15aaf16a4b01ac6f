"""Times `routerlab embed --device cuda` beside sentence-transformers on the same GPU, in the same precision.

    cargo build --release && make encoder
    python3 host/cli/benches/encoders_gpu.py --minilm target/encoders/all-MiniLM-L6-v2 [--precision bf16] [--repeats 3]

Models: all-MiniLM-L6-v2 (6 layers of 384) and a BERT of base size (12 layers of 768) with random weights, which is as
fast as one with real ones. Texts of 32, 128 and 512 tokens, special ones counted. For each it prints tokens per second
of both (least, median, most; for sentence-transformers of its best batch size), their ratio, the share of the device's
matrix peak that routerlab reaches, and the least cosine of its vectors to those of routerlab in f32 on the same device.
The peak is measured: products of 8192 x 8192 by torch in the same precision. Loading a model is not counted; with
routerlab, reading queries and writing the table is.
"""

import argparse
import json
import pathlib
import random
import shutil
import statistics
import tempfile
import time

import numpy
import torch
import transformers
from sentence_transformers import SentenceTransformer

from embed_program import embed

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def peak(dtype):
    """Floating-point operations a second of a large product."""
    torch.backends.cuda.matmul.allow_tf32 = False
    size = 8192
    left, right = (torch.randn(size, size, device="cuda", dtype=dtype) for _ in range(2))
    times = []
    for _ in range(12):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(10):
            left @ right
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / 10)
    return 2 * size**3 / statistics.median(times[2:])


def base_model(minilm, folder):
    """A BERT of base size with random weights and MiniLM's tokenizer, as a sentence-transformers folder."""
    shutil.copytree(minilm, folder)
    config = json.loads((folder / "config.json").read_text())
    config.update(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(1)
    transformers.BertModel(transformers.BertConfig(**config)).save_pretrained(folder)
    pooling = folder / "1_Pooling" / "config.json"
    said = json.loads(pooling.read_text())
    said["word_embedding_dimension"] = 768
    pooling.write_text(json.dumps(said))


def texts_of(model, tokens, count):
    """Texts of so many tokens: words that are one token each."""
    draw = random.Random(tokens)
    words = [word for word in model.tokenizer.get_vocab() if word.isascii() and word.isalpha() and word.islower()]
    return [" ".join(draw.choices(words, k=tokens - 2)) for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", required=True, type=pathlib.Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--routerlab", default="target/release/routerlab")
    parser.add_argument("--precision", choices=TYPES, default="bf16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=8_000_000, help="tokens of a run, about; a quarter for base size")
    arguments = parser.parse_args()

    dtype = TYPES[arguments.precision]
    most = peak(dtype)
    name = torch.cuda.get_device_name()
    print(f"{name}, {arguments.precision}: measured matrix peak {most / 1e12:.0f} TFLOP/s", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        base = pathlib.Path(scratch) / "base"
        base_model(arguments.minilm, base)
        for label, folder, layers, hidden, share in [
            ("MiniLM", arguments.minilm, 6, 384, 1.0),
            ("base", base, 12, 768, 0.25),
        ]:
            model = SentenceTransformer(str(folder), device="cuda", model_kwargs={"dtype": dtype})
            for tokens in [32, 128, 512]:
                model.max_seq_length = tokens
                texts = texts_of(model, tokens, int(arguments.tokens * share / tokens))
                ours, theirs = [], {size: [] for size in [256, 1024, 4096] if size * tokens <= 600_000}
                limit = ["--max-length", str(tokens)]
                flags = ["--device", "cuda", "--precision", arguments.precision]
                for _ in range(arguments.repeats):
                    said, vectors = embed(arguments.routerlab, folder, texts, limit + flags)
                    seen = said["tokens"]
                    ours.append(seen / said["seconds"])
                    for size, speeds in theirs.items():
                        torch.cuda.synchronize()
                        start = time.perf_counter()
                        model.encode(texts, batch_size=size, show_progress_bar=False)
                        torch.cuda.synchronize()
                        speeds.append(seen / (time.perf_counter() - start))
                exact = ["--device", "cuda", "--precision", "f32"]
                _, single = embed(arguments.routerlab, folder, texts[:2000], limit + exact)
                lengths = numpy.linalg.norm(vectors[:2000], axis=1) * numpy.linalg.norm(single, axis=1)
                cosine = ((vectors[:2000] * single).sum(1) / lengths).min()
                size = max(theirs, key=lambda size: statistics.median(theirs[size]))
                # Products with weights, then those of attention.
                work = layers * (24 * hidden**2 + 4 * tokens * hidden)
                middle = statistics.median(ours)
                print(
                    f"{label}, {tokens} tokens: routerlab {spread(ours)}, sentence-transformers {spread(theirs[size])} "
                    f"(batches of {size}), ratio {middle / statistics.median(theirs[size]):.2f}, "
                    f"{100 * middle * work / most:.0f} % of the peak, cosine to f32 at least {cosine:.6f}",
                    flush=True,
                )


def spread(speeds):
    return f"{min(speeds):.0f} / {statistics.median(speeds):.0f} / {max(speeds):.0f} tokens/s"


if __name__ == "__main__":
    main()
