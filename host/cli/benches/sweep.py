"""Times a whole sweep: five routers, five seeds, 41 preferences, through the program.

    python3 host/cli/benches/sweep.py OUTCOMES.parquet EMBEDDINGS.parquet [RUNS]

Imports the two files once, then runs the sweep RUNS times (3 unless given) into new folders with a warm compile cache.
Prints the least, middle and largest wall time, and the most memory that any process of it held.
"""

import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "target/release/routerlab"
ROUTERS = ["random", "best-single", "knn", "avengers", "carrot-linear"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    outcomes, embeddings = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sweep-"))
    try:
        command = [PROGRAM, "import", "outcomes", outcomes, "--embeddings", embeddings, "--out", scratch / "data"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = ['name = "sweep"', "[data]", 'dir = "data"']
        for router in ROUTERS:
            lines += ["[[router]]", f'component = "{ROOT}/target/components/{router}.wasm"']
        (scratch / "sweep.toml").write_text("\n".join(lines) + "\n")
        times = []
        for run in range(runs + 1):
            command = [PROGRAM, "bench", scratch / "sweep.toml", "--out", scratch / f"run-{run}"]
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        times = times[1:]  # The first one filled the compile cache.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"sweep of {outcomes.parent.name}: min {min(times):.2f} s, median {statistics.median(times):.2f} s, "
            f"max {max(times):.2f} s, n = {runs}; peak {peak:.0f} MiB"
        )
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
