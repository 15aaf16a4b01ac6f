#!/bin/sh
# Installs the programs that read our tables in tests/interop.rs into target/interop, a Python environment of their own: once,
# some 300 MB. Where they cannot be had, that is said and is no error: what needs them is skipped by name.
#
# Spark is not among them, for its size. It is tested where Java and its package are: target/interop/bin/pip install pyspark
set -eu
cd "$(dirname "$0")/../.."
folder=${CARGO_TARGET_DIR:-target}/interop
wanted=tests/interop/requirements.txt
# What it was made of lies in it, so that other versions are another environment.
cmp -s "$wanted" "$folder/requirements.txt" && exit 0

say() { printf '%s\n' "$*" >&2; }
missing() {
    say "interop: the readers of other programs cannot be had, so what needs them is skipped:"
    printf '%s\n' "$said" | tail -n 3 | sed 's/^/  /' >&2
    exit 0
}
say "interop: installing pyarrow, Polars, DuckDB and pandas into $folder (300 MB)"
said=$(python3 -m venv --clear "$folder" 2>&1) || missing
said=$("$folder/bin/python" -m pip install -q --disable-pip-version-check --only-binary :all: -r "$wanted" 2>&1) || missing
# Last: a folder without it is not whole.
cp "$wanted" "$folder/requirements.txt"
