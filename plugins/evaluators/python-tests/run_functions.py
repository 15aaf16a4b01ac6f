"""Functions that tests call: HumanEval, MBPP, StudentEval."""

import ast
import builtins
import io
import sys
import types

import checks
import guard
import library
import values
from extract import compat_functions, fixed_functions, parses
from own_builtins import OWN

__builtins__ = OWN

MODULE = "answer"
_CANDIDATE = "<candidate>"
_Module = types.ModuleType
PRELUDE = library.prelude_of_functions()
_RESERVED = frozenset(PRELUDE) | frozenset(vars(builtins))


class Unreadable(Exception):
    """The item's own tests cannot be used."""


def tests_of(style, metadata):
    """The tests as texts, and the name of the function that `check` is called with."""
    if style == "check":
        test, entry = metadata.get("test"), metadata.get("entry_point")
        if not isinstance(test, str) or not isinstance(entry, str) or not entry.isidentifier():
            raise Unreadable("`metadata` has no `test` and `entry_point`")
        if "def check(" not in test:
            raise Unreadable("the `test` does not define `check`")
        return [test], entry
    tests = metadata.get("test_list")
    if not isinstance(tests, list) or not tests or not all(isinstance(test, str) for test in tests):
        raise Unreadable("`metadata` has no `test_list`")
    return tests, None


def _names_in(tests):
    names = set()
    for test in tests:
        names.update(node.id for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Name))
    return names


def program_of(reply, mode, tests, entry):
    """The program that a reply holds, and the names of the answer's that the tests use."""
    try:
        used = _names_in(tests)
    except SyntaxError as error:
        raise Unreadable(f"a test is no Python: {error.msg}") from None
    wanted = {entry} if entry else used
    own = wanted - _RESERVED
    program = compat_functions(reply) if mode == "compat" else fixed_functions(reply, own or wanted)
    return program, used


def _lenient(tree):
    """The module without asserts of its own, and going on when a bare call at its top level (a demonstration) fails."""
    body = []
    for node in tree.body:
        if isinstance(node, ast.Assert):
            continue
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            ignored = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
            node = ast.Try([node], [ignored], [], [])
        body.append(node)
    return ast.fix_missing_locations(ast.Module(body, tree.type_ignores))


def judge(program, mode, tests, entry, used):
    """Score and reason. The program is Python by now, or empty."""
    tree = parses(program)
    if tree is None or not tree.body:
        return 0.0, "no Python was found in the answer"
    if mode == "fixed":
        tree = _lenient(tree)
    try:
        code = compile(tree, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return 0.0, f"the answer does not compile: {values.wording(error)}"
    # What the tests use of the library, as it is before the answer can change it.
    trusted = frozenset(name for name in used | {"math"} if name in _RESERVED)
    modules = [value for name, value in PRELUDE.items() if name in used and type(value) is types.ModuleType]
    state = guard.state_of([builtins, *modules])
    codes = [checks.rewritten(test, trusted) for test in tests]
    call = None
    if entry is not None:
        # Under a name that is no identifier, or a function called `sum` would meet the builtin that the tests use.
        call = ast.Call(ast.Name("check", ast.Load()), [ast.Name(_CANDIDATE, ast.Load())], [])
        call = ast.fix_missing_locations(ast.Expression(call))
        call = compile(call, "<tests>", "eval", dont_inherit=True)
    module = types.ModuleType(MODULE)
    space = vars(module)
    space.update(PRELUDE)
    # Or `exec` would lend it those of the grader.
    space["__builtins__"] = builtins
    sys.modules[MODULE] = module
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    guard.watch(True)
    error = _run(code, space)
    if error is not None:
        return 0.0, f"the answer raises {error}"
    changed = guard.changed(state)
    if changed is not None:
        guard.restore(state)
        return 0.0, f"the answer changes `{changed}`, which the tests use"
    if entry is not None and (entry not in space or space[entry] is PRELUDE.get(entry)):
        return 0.0, f"the answer has no `{entry}`"
    tested = _tests_space(space, state, used, entry)
    for at, test in enumerate(codes, 1):
        error = _run(test, tested)
        if error is None and call is not None:
            error = _run(call, tested)
        if error is not None:
            which = "the tests" if len(codes) == 1 else f"test {at} of {len(codes)}"
            return 0.0, f"{which}: {'wrong result' if error == 'AssertionError' else error}"
        if guard.first_note() is not None:
            return 0.0, "noted"
        changed = guard.changed(state)
        if changed is not None:
            return 0.0, f"the answer changes `{changed}`, which the tests use"
    return 1.0, None


def _tests_space(space, state, used, entry):
    """The name space of the tests: the answer's names, but the library's where the tests use a name of both."""
    own = {name for name in used if name in space and name not in _RESERVED}
    plain = dict(space)
    # A test of a function that is called like a builtin (`sum`) means the answer's; any other means the library's.
    if own or entry is not None:
        for name in used & _RESERVED:
            plain.pop(name, None)
            if name in PRELUDE:
                plain[name] = PRELUDE[name]
    for name in used & _RESERVED:
        # Copies, because an answer may change the module itself while it is tested.
        value = plain.get(name)
        if type(value) is _Module and PRELUDE.get(name) is value:
            copied = _Module(name)
            vars(copied).update(vars(value))
            plain[name] = copied
    plain["__builtins__"] = dict(state[0][0])
    tested = dict(plain)
    tested["__builtins__"] = dict(OWN)
    checks.add_to(tested, plain, state)
    if entry is not None:
        tested[_CANDIDATE] = space[entry]
    return tested


def _run(code, space):
    """Runs code; what it raised, in words."""
    try:
        exec(code, space)
    except BaseException as error:
        return values.wording(error)
    return None
