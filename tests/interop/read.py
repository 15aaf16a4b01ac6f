"""Reads tables with the programs that people use for them, and says what each of them saw.

Arguments: names of readers. Standard input: a JSON object with `tables`, each with `name`, `files` (as the laboratory keeps
them), `hive` (the folder of an export), `arrow` (its Arrow file) and `columns` (name and type as `routerlab export schema
--json` has them). Standard output: a JSON object, by reader and form, of rows and, for each column, the nulls and a sum that no
order changes.
"""

import hashlib
import json
import struct
import sys

MASK = (1 << 64) - 1


def value_of(kind, value):
    """What one value adds to its column's sum."""
    if kind == "text":
        return int.from_bytes(hashlib.sha256(str(value).encode()).digest()[:8], "little")
    if kind in ("unsigned32", "unsigned64", "signed64"):
        # Exact: 1e20 as a float would not be.
        if isinstance(value, float):
            raise ValueError(f"{value} came as a floating-point number")
        return int(value)
    if kind == "float64":
        return int.from_bytes(struct.pack("<d", value), "little")
    if kind == "truth":
        return 1 + bool(value)
    if kind == "float32_list":
        return 1 + sum(int.from_bytes(struct.pack("<f", item), "little") for item in value)
    if kind == "text_list":
        return 1 + sum(value_of("text", item) for item in value)
    raise ValueError(kind)


def seen(columns, by_name):
    """Rows, nulls and sums. `by_name` gives the values of a column as Python's own, None for null."""
    rows, found = None, {}
    for column in columns:
        values = by_name(column["name"])
        rows = len(values)
        there = [value for value in values if value is not None]
        total = sum(value_of(column["type"], value) for value in there) & MASK
        found[column["name"]] = [rows - len(there), total]
    return {"rows": rows, "columns": found}


def pyarrow_reader(form, place, columns):
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.ipc as ipc
    import pyarrow.parquet as pq

    if form == "hive":
        table = ds.dataset(place, format="parquet", partitioning="hive").to_table()
    elif form == "arrow":
        table = ipc.open_file(place).read_all()
    else:
        table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in place])
    return seen(columns, lambda name: table.column(name).to_pylist())


def polars_reader(form, place, columns):
    import polars as pl

    if form == "hive":
        frame = pl.scan_parquet(place + "/**/*.parquet", hive_partitioning=True).collect()
    elif form == "arrow":
        frame = pl.read_ipc(place)
    else:
        frame = pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in place])
    return seen(columns, lambda name: frame.get_column(name).to_list())


def duckdb_reader(form, place, columns):
    import duckdb

    if form == "hive":
        source, place = "read_parquet(?, hive_partitioning = true)", place + "/**/*.parquet"
    else:
        source = "read_parquet(?, hive_partitioning = false)"

    def by_name(name):
        return [row[0] for row in duckdb.execute(f'SELECT "{name}" FROM {source}', [place]).fetchall()]

    return seen(columns, by_name)


def pandas_reader(form, place, columns):
    import pandas as pd

    # With columns of NumPy a whole number that may be null would become a floating-point number.
    if form == "hive":
        frame = pd.read_parquet(place, dtype_backend="pyarrow")
    else:
        frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow", partitioning=None) for file in place])

    def by_name(name):
        values = frame[name]
        gone = values.isna().tolist()
        return [None if none else value for none, value in zip(gone, values.tolist())]

    return seen(columns, by_name)


def spark_reader(form, place, columns):
    session = spark_session()
    frame = session.read.parquet(place) if form == "hive" else session.read.parquet(*place)

    def by_name(name):
        return [row[0] for row in frame.select(f"`{name}`").collect()]

    return seen(columns, by_name)


def spark_session():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    # Text in the name of a folder stays text.
    builder = builder.config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


# What each of them reads: files as they are, the folders of an export, and other forms of it.
READERS = {
    "pyarrow": (pyarrow_reader, ["files", "hive", "arrow"]),
    "polars": (polars_reader, ["files", "hive", "arrow"]),
    "duckdb": (duckdb_reader, ["files", "hive"]),
    "pandas": (pandas_reader, ["files", "hive"]),
    "spark": (spark_reader, ["files", "hive"]),
}


def main():
    job = json.load(sys.stdin)
    answers = {}
    for name in sys.argv[1:]:
        reader, forms = READERS[name]
        for table in job["tables"]:
            for form in forms:
                # A column that is a folder's name is not in the files.
                columns = [column for column in table["columns"] if form != "files" or not column.get("folder")]
                try:
                    said = reader(form, table[form], columns)
                except Exception as error:  # Whatever it is, the test names reader and table.
                    said = {"error": f"{type(error).__name__}: {error}"}
                answers.setdefault(name, {}).setdefault(form, {})[table["name"]] = said
    json.dump(answers, sys.stdout)


main()
