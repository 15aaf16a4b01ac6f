"""Test code, rewritten so that every comparison, calculation and call of a builtin looks at its operands first."""

import ast
import operator
import types
from gc import disable as gc_disable, enable as gc_enable

import guard
import values
from own_builtins import OWN

__builtins__ = OWN

# No identifier that a test could write.
_COMPARE, _BINARY, _CALL, _OWN = "<compare>", "<binary>", "<call>", "<own>"

_COMPARISONS = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda a, b: operator.contains(b, a),
    "NotIn": lambda a, b: not operator.contains(b, a),
}
_BINARIES = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
    "BitAnd": operator.and_,
    "BitOr": operator.or_,
    "BitXor": operator.xor,
    "MatMult": operator.matmul,
}
_ITERATORS = tuple(type(iter(made)) for made in ([], (), {}, set(), "", range(0), zip(), map(int, ()), filter(None, ())))
_ITERATORS += (types.GeneratorType, zip, map, filter, enumerate, reversed)
_function_type = types.FunctionType


class Untrusted(Exception):
    """A test would have run what an answer wrote where it compares."""


def _trusted(value):
    fault = values.fault_of(value)
    if fault is not None:
        guard.note(f"gives back an object of `{fault}`, which decides for itself what it equals")
        raise Untrusted


def compare(ops, *operands):
    """A chain of comparisons."""
    # A collection would run destructors of the answer's between the look at a value and its comparison.
    gc_disable()
    try:
        return _compare(ops, operands)
    finally:
        gc_enable()


def _compare(ops, operands):
    result = True
    for op, left, right in zip(ops, operands, operands[1:]):
        if op in ("In", "NotIn") and type(right) in _ITERATORS:
            right = list(right)
        both = values.is_foreign(type(left)) and values.is_foreign(type(right))
        # A test that compares two objects of the answer's own asks for the answer's own comparison.
        if op in ("Is", "IsNot"):
            pass
        elif not (both and op in ("Eq", "NotEq")):
            _trusted(left)
            _trusted(right)
        result = _COMPARISONS[op](left, right)
        if not result:
            return result
    return result


def binary(op, left, right):
    """One calculation."""
    gc_disable()
    try:
        return _calculate(op, left, right)
    finally:
        gc_enable()


def _calculate(op, left, right):
    _trusted(left)
    _trusted(right)
    return _BINARIES[op](left, right)


def _make_call(state):
    def call(function, *args, **named):
        """A call of a builtin or of the library."""
        for arg in args:
            _trusted(arg)
        for arg in named.values():
            _trusted(arg)
        changed = guard.changed(state)
        if changed is not None:
            guard.note(f"changes `{changed}`, which the tests use")
            raise Untrusted
        return function(*args, **named)

    return call


def _make_own(space):
    def own(function):
        """A function of the tests that an answer may get into its hands: one whose globals are not the tests'."""
        made = _function_type(
            function.__code__, space, function.__name__, function.__defaults__, function.__closure__
        )
        made.__kwdefaults__ = function.__kwdefaults__
        return made

    return own


def _call(name, *args, keywords=()):
    return ast.Call(ast.Name(name, ast.Load()), list(args), list(keywords))


def _handed(tree):
    """Names that are used otherwise than to be called: functions of these names may get into an answer's hands."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return {node.id for node in names if id(node) not in called}


# Functions, not a class for the purpose: an answer could find any class, and from its methods everything here.
def _rewrite(node, names, handed):
    """The node with everything below it rewritten."""
    if isinstance(node, ast.Lambda):
        # What may be handed to an answer stays as it is, in a name space of its own.
        return _call(_OWN, node)
    is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    if is_function and (node.name in handed or node.name.startswith("__")):
        node.decorator_list.append(ast.Name(_OWN, ast.Load()))
        return node
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            value[:] = [_rewrite(part, names, handed) if isinstance(part, ast.AST) else part for part in value]
        elif isinstance(value, ast.AST):
            setattr(node, field, _rewrite(value, names, handed))
    if isinstance(node, ast.Compare):
        ops = ast.Tuple([ast.Constant(type(op).__name__) for op in node.ops], ast.Load())
        return _call(_COMPARE, ops, node.left, *node.comparators)
    if isinstance(node, ast.BinOp):
        return _call(_BINARY, ast.Constant(type(node.op).__name__), node.left, node.right)
    if isinstance(node, ast.Call):
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in names:
            return _call(_CALL, node.func, *node.args, keywords=node.keywords)
    return node


def rewritten(source, names):
    """Test code, compiled; `names` are those of the library. Raises SyntaxError where it is none."""
    tree = ast.parse(source)
    tree = _rewrite(tree, names, _handed(tree))
    return compile(ast.fix_missing_locations(tree), "<tests>", "exec", dont_inherit=True)


def add_to(space, plain_space, state):
    """Puts what rewritten code calls into its name space."""
    space[_COMPARE] = compare
    space[_BINARY] = binary
    space[_CALL] = _make_call(state)
    space[_OWN] = _make_own(plain_space)
