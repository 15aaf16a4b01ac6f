"""The standard library as an answer finds it: imported while the component is built, because nothing can be imported
later, and with what the sandbox lacks (a clock, a source of chance) replaced by what is the same every time."""

import importlib
import itertools
import sys

# What answers use, and what these modules themselves import only when they are used.
NAMES = """
abc argparse array ast asyncio atexit base64 bisect binascii builtins calendar cmath codecs collections collections.abc
colorsys contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib doctest enum errno fractions
functools gc getopt graphlib hashlib heapq hmac html html.parser importlib inspect io itertools json keyword linecache
locale logging math numbers operator os os.path pathlib pickle pprint queue random re reprlib secrets shlex signal
statistics string struct sys textwrap threading time timeit token tokenize traceback types typing unicodedata unittest
unittest.mock urllib.parse uuid warnings weakref zlib zoneinfo
_strptime _decimal _random _struct _datetime _bisect _heapq _statistics _json _pickle _csv _hmac _contextvars _queue
_ast_unparse _suggestions
_opcode _lsprof _elementtree _ast _md5 _sha1 _sha2 _sha3 _blake2 _asyncio concurrent.futures ipaddress
encodings.ascii encodings.latin_1 encodings.utf_16 encodings.utf_32 encodings.cp437 encodings.idna encodings.unicode_escape
encodings.raw_unicode_escape encodings.rot_13 encodings.hex_codec encodings.base64_codec encodings.punycode
string.templatelib cProfile profile pstats sched xml.etree.ElementTree configparser tempfile shutil fnmatch glob platform
""".split()

# Not to be had by name: they run bytecode as it comes or see into other people's frames.
WITHHELD = ("_lsprof", "cProfile", "profile", "pstats", "componentize_py_runtime", "poll_loop")

# Packages that people write Python with and that the sandbox does not have: an answer that needs one was not run.
OUTSIDE = frozenset(
    """numpy np scipy pandas sympy networkx sortedcontainers numba matplotlib sklearn torch tensorflow gmpy2 mpmath
    requests bs4 nltk regex more_itertools cython jax seaborn statsmodels shapely cvxpy pulp ortools pyparsing lxml yaml
    dateutil pytz PIL cv2 bitarray blist cachetools toolz attr pydantic primefac treap""".split()
)


def load():
    """Imports what is there; gives the names of what is not."""
    missing = []
    for name in NAMES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


def _stars(names):
    space = {}
    for name in names:
        exec(f"from {name} import *", space)
    return space


def prelude_of_functions():
    """Names that are there before an answer of the first three data sets begins."""
    space = _stars(["typing", "collections"])
    for name in "math re sys copy datetime itertools collections heapq functools hashlib string".split():
        space[name] = sys.modules[name]
    space.pop("__builtins__")
    return space


def prelude_of_programs():
    """Names that are there before a program begins."""
    modules = """string re datetime collections heapq bisect copy math random statistics itertools functools operator io
    sys json""".split()
    space = _stars([*modules, "builtins", "typing"])
    for name in modules:
        space[name] = sys.modules[name]
    space.pop("__builtins__")
    return space


_CLOCKS = """
def sleep(seconds, /):
    "There is no time in here; nobody waits."

def seed(self, a=None, version=2):
    "As the standard one, but what no seed was given for is the same every time."
    _seed(self, 0 if a is None else a, version)

def start(self):
    "There are no threads in here: runs to its end at once, which is how programs use one to get a deep stack."
    if self._routerlab_ran:
        raise RuntimeError("threads can only be started once")
    self._routerlab_ran = True
    self.run()

def join(self, timeout=None):
    "It ended before `start` did."

def is_alive(self):
    return False

def stack_size(size=0):
    return 0

def format_exception(exc, value=None, tb=None, limit=None, chain=True, **named):
    "Without the lines, which would be looked for in files and frames."
    error = exc if value is None else value
    return ["NoneType: None\\n" if error is None else f"{type(error).__name__}: {error}\\n"]

def print_exception(exc, value=None, tb=None, limit=None, file=None, chain=True, **named):
    (modules["sys"].stderr if file is None else file).write("".join(format_exception(exc, value)))

def format_exc(limit=None, chain=True):
    return "".join(format_exception(exception()))

def print_exc(limit=None, file=None, chain=True):
    print_exception(exception(), file=file)
"""


def replace_what_the_sandbox_lacks():
    """Clocks that count their calls, chance with a fixed seed, threads that run at once, errors without frames."""
    import gc
    import logging
    import random
    import threading
    import time
    import traceback
    import warnings

    # A name space of their own: an answer can follow any function to its globals.
    space = {"_seed": random.Random.seed, "exception": sys.exception, "modules": sys.modules}
    exec(_CLOCKS, space)
    # Iterators of the interpreter's own, for the same reason.
    for name, start, step in [
        ("time", 1.7e9, 1e-6),
        ("monotonic", 1000.0, 1e-6),
        ("perf_counter", 1000.0, 1e-6),
        ("process_time", 1.0, 1e-6),
        ("thread_time", 1.0, 1e-6),
    ]:
        setattr(time, name, itertools.count(start, step).__next__)
        setattr(time, f"{name}_ns", itertools.count(int(start * 1e9), 1000).__next__)
    time.sleep = space["sleep"]
    random.Random.seed = space["seed"]
    random._inst = random.Random()
    for name in vars(random._inst.__class__):
        if name in random.__all__ and callable(getattr(random._inst, name)):
            setattr(random, name, getattr(random._inst, name))
    for name in ("random", "getrandbits"):
        setattr(random, name, getattr(random._inst, name))
    threading.Thread._routerlab_ran = False
    for name in ("start", "join", "is_alive"):
        setattr(threading.Thread, name, space[name])
    threading.stack_size = space["stack_size"]
    for name in ("format_exception", "print_exception", "format_exc", "print_exc"):
        setattr(traceback, name, space[name])
    # What a collection calls would be called in the middle of grading.
    del gc.callbacks
    # A warning shows the line it is about, which it would look for in a file.
    warnings.simplefilter("ignore")
    # Otherwise every line of a log would look for who wrote it, in frames.
    logging._srcfile = None
