"""Runs `routerlab embed` on some texts, for the scripts beside this one."""

import json
import pathlib
import subprocess
import tempfile

import numpy
import pyarrow
import pyarrow.parquet


def embed(program, model, texts, flags=()):
    """What the program said at its end (seconds once the model was there, tokens), and the vectors in the order of the texts."""
    with tempfile.TemporaryDirectory() as folder:
        count = len(texts)
        numbers = [number + 1 for number in range(count)]
        columns = {
            "query_id": [f"d/test/{number}" for number in numbers],
            "dataset": ["d"] * count,
            "split": ["test"] * count,
            "record_index": pyarrow.array(numbers, pyarrow.uint64()),
            "origin_query": texts,
            "prompt": texts,
            "ground_truth": pyarrow.array([None] * count, pyarrow.string()),
            "metadata": ["{}"] * count,
            "group_key": [str(number) for number in numbers],
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), f"{folder}/queries.parquet")
        command = [program, "embed", folder, "--model", str(model), "--name", "e", "--json", *flags]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = {}
        for file in pathlib.Path(folder).glob("embeddings/**/*.parquet"):
            table = pyarrow.parquet.ParquetFile(file).read(["query_id", "embedding"])
            found.update(zip(table["query_id"].to_pylist(), table["embedding"].to_pylist(), strict=True))
    vectors = numpy.array([found[f"d/test/{number}"] for number in numbers], numpy.float32)
    return json.loads(said.splitlines()[-1]), vectors
