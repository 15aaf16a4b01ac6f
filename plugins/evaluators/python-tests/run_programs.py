"""Programs that read and write, and functions that get and give JSON: LiveCodeBench."""

import ast
import builtins
import decimal
import io
import json
import sys
import types
from gc import disable as gc_disable, enable as gc_enable

import guard
import library
import values
from extract import compat_program, fixed_program, parses
from own_builtins import OWN
from run_functions import Unreadable

__builtins__ = OWN

PRELUDE = library.prelude_of_programs()
_IMPORTS = (ast.Import, ast.ImportFrom)
# What is used after an answer has run is taken now, because a module can be changed.
_BytesIO, _StringIO, _TextIO, _Module = io.BytesIO, io.StringIO, io.TextIOWrapper, types.ModuleType
_limit_recursion, _modules, _InvalidOperation = sys.setrecursionlimit, sys.modules, decimal.InvalidOperation
# The scanner of the interpreter's own, which an answer cannot change.
_scan = json.decoder.JSONDecoder().scan_once
_DECIMALS = decimal.Context(prec=decimal.MAX_PREC, traps=[decimal.InvalidOperation])

# In a name space of its own, which is all that an answer sees when it follows `open`.
_OPEN = """
def open(file, *args, **named):
    if file in (0, "/dev/stdin"):
        return stdin
    raise FileNotFoundError("there are no files in here")
"""
_OPEN = compile(_OPEN, "<open>", "exec", dont_inherit=True)

# How the reference stands in for a buffer: every `readline` gives the first line again.
_FIRST_LINE = """
class Buffer(BytesIO):
    def readline(self, *args):
        return self.getvalue().split(b"\\n")[0] + b"\\n"

class Input(StringIO):
    pass
"""
_FIRST_LINE = compile(_FIRST_LINE, "<input>", "exec", dont_inherit=True)


def tests_of(metadata):
    """Inputs, outputs and the name of the function, none for a program."""
    tests, function = metadata.get("tests"), metadata.get("func_name")
    good = isinstance(tests, list) and all(
        isinstance(test, dict) and isinstance(test.get("input"), str) and isinstance(test.get("output"), str)
        for test in tests
    )
    if not good or not (function is None or isinstance(function, str)):
        raise Unreadable("`metadata` has no `tests` with `input` and `output`")
    return [(test["input"], test["output"]) for test in tests], function or None


def program_of(reply, mode, function):
    """The program that a reply holds."""
    return compat_program(reply) if mode == "compat" else fixed_program(reply, function)


def judge(program, mode, tests, function):
    """Score and reason."""
    if not tests:
        return (1.0, "there are no tests") if mode == "compat" else (0.0, "there are no tests, so nothing was shown")
    tree = parses(program)
    if tree is None:
        return 0.0, "the answer does not compile"
    if not tree.body and mode == "fixed":
        return 0.0, "no Python was found in the answer"
    if function is None and mode == "compat":
        tree = _wrapped(tree)
    try:
        code = compile(tree, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return 0.0, f"the answer does not compile: {values.wording(error)}"
    if function is not None:
        return _call_function(code, mode, tests, function, "class Solution" in program)
    for at, (given, expected) in enumerate(tests, 1):
        written, error = _run_program(code, mode, given)
        which = f"test {at} of {len(tests)}"
        if error is not None:
            return 0.0, f"{which}: {error}"
        if not same_output(written, expected):
            return 0.0, f"{which}: wrong output"
        if guard.first_note() is not None:
            return 0.0, "noted"
    return 1.0, None


def _wrapped(tree):
    """As the reference does it: the main guard unwrapped, everything but imports in one function, which is called."""
    body = list(tree.body)
    if body and isinstance(body[-1], ast.If) and ast.unparse(body[-1].test).strip() == "__name__ == '__main__'":
        body = body[:-1] + body[-1].body
    imports = [node for node in body if isinstance(node, _IMPORTS)]
    rest = [node for node in body if not isinstance(node, _IMPORTS)] or [ast.Pass()]
    function = ast.parse("def wrapped_function():\n    pass\nwrapped_function()")
    function.body[0].body = rest
    return ast.fix_missing_locations(ast.Module(imports + function.body, []))


def _module(name, stdin):
    """A fresh name space under this name, with a builtins module in which `open` knows the input."""
    module = _Module(name)
    space = vars(module)
    space.update(PRELUDE)
    # Or `exec` would lend it those of the grader.
    space["__builtins__"] = builtins
    opener = {"stdin": stdin, "__builtins__": builtins}
    exec(_OPEN, opener)
    space["open"] = opener["open"]
    _modules[name] = module
    return space


def _input(given, mode):
    raw = given.encode("utf-8", "surrogatepass")
    if mode == "fixed":
        return _TextIO(_BytesIO(raw), encoding="utf-8", errors="surrogatepass")
    space = {"BytesIO": _BytesIO, "StringIO": _StringIO, "__builtins__": builtins}
    exec(_FIRST_LINE, space)
    stdin = space["Input"](given)
    stdin.buffer = space["Buffer"](raw)
    return stdin


def _run_program(code, mode, given):
    """What it wrote, and why it failed, if it did."""
    written = _BytesIO()
    stdout = _TextIO(written, encoding="utf-8", errors="surrogatepass", newline="\n")
    stdin = _input(given, mode)
    name = "__main__" if mode == "fixed" else "tmp_sol"
    space = _module(name, stdin)
    flush, contents = stdout.flush, written.getvalue
    sys.stdin, sys.stdout, sys.stderr = stdin, stdout, _StringIO()
    sys.argv = ["answer.py"]
    _limit_recursion(50000 if mode == "compat" else 1000)
    guard.watch(True)
    failed = None
    try:
        exec(code, space)
    except SystemExit:
        # To leave early is no failure; what was written counts.
        pass
    except BaseException as error:
        failed = values.wording(error)
    try:
        flush()
        return contents().decode("utf-8", "replace"), failed
    except ValueError:
        return "", failed or "closes its output"


def _lines(text):
    return [line.strip() for line in text.strip().split("\n")]


def _numbers(line):
    try:
        return [_DECIMALS.create_decimal(word) for word in line.split()]
    except _InvalidOperation:
        return None


def same_output(written, expected):
    """Line by line: literally, or as exact decimal numbers."""
    written, expected = _lines(written), _lines(expected)
    if len(written) != len(expected):
        return False
    for left, right in zip(written, expected):
        if left == right:
            continue
        numbers = _numbers(left)
        if numbers is None or any(number.is_nan() for number in numbers) or numbers != _numbers(right):
            return False
    return True


def _json(text):
    """JSON. Raises ValueError where it is none."""
    text = text.strip()
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("not JSON") from None
    if text[end:].strip():
        raise ValueError("more than JSON")
    return value


def _call_function(code, mode, tests, function, has_solution):
    try:
        for given, expected in tests:
            _json(expected)
            for line in given.split("\n"):
                if line.strip() or mode == "compat":
                    _json(line)
    except ValueError:
        raise Unreadable("a test's `input` or `output` is not JSON") from None
    sys.stdin, sys.stdout, sys.stderr = _StringIO(), _StringIO(), _StringIO()
    _limit_recursion(50000)
    space = _module("tmp_sol", sys.stdin)
    guard.watch(True)
    try:
        exec(code, space)
        holder = space["Solution"]() if has_solution and "Solution" in space else None
        method = getattr(holder, function) if holder is not None else space[function]
    except BaseException as error:
        return 0.0, f"the answer raises {values.wording(error)}"
    for at, (given, expected) in enumerate(tests, 1):
        which = f"test {at} of {len(tests)}"
        args = [_json(line) for line in given.split("\n") if line.strip()]
        try:
            result = method(*args)
        except BaseException as error:
            return 0.0, f"{which}: {values.wording(error)}"
        # A collection would run destructors of the answer's between the look at a value and its comparison.
        gc_disable()
        fault = values.fault_of(result)
        if fault is not None:
            return 0.0, f"the answer gives back an object of `{fault}`, which decides for itself what it equals"
        expected = _json(expected)
        try:
            if mode == "fixed":
                same = values.deep_list(result) == values.deep_list(expected)
            else:
                same = (list(result) if type(result) is tuple else result) == expected
        except RecursionError:
            same = False
        finally:
            gc_enable()
        if same is not True:
            return 0.0, f"{which}: wrong result"
        if guard.first_note() is not None:
            return 0.0, "noted"
    return 1.0, None
