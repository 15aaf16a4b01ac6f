"""Times numpy's product of the shape that the benchmarks of this folder use.

    OPENBLAS_NUM_THREADS=1 python3 numpy_compare.py [RUNS]

The number of threads is read when numpy is loaded, so it is set outside. Prints the least and the middle of the runs.
"""

import os
import statistics
import sys
import time

import numpy


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    random = numpy.random.default_rng(1)
    left = random.random((2048, 384), dtype=numpy.float32) - 0.5
    right = random.random((384, 2048), dtype=numpy.float32) - 0.5
    rows = numpy.ascontiguousarray(right.T)
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    for name, product in [("multiply", lambda: left @ right), ("multiply transposed", lambda: left @ rows.T)]:
        product()
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            product()
            times.append((time.perf_counter() - start) * 1e3)
        print(
            f"numpy {numpy.__version__}, {threads} thread(s), {name} 2048 x 384 x 2048: "
            f"min {min(times):.2f} ms, median {statistics.median(times):.2f} ms, n = {runs}"
        )


if __name__ == "__main__":
    main()
