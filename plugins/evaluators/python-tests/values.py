"""What an answer gave back: whether comparing it can be trusted.

An object whose class says for itself what it equals, or what it is minus something, would pass any test. So values are
looked at before a test does anything with them: only a few classes of the interpreter and the library may say what they
equal. Nothing here calls what an answer wrote: types are told by identity, and their parts are read by the interpreter's
own descriptors.
"""

import array
import collections
import datetime
import decimal
import enum
import fractions
import numbers
import types

from own_builtins import OWN

__builtins__ = OWN

_OPERATIONS = "add sub mul truediv floordiv mod divmod pow lshift rshift and or xor matmul".split()
_TELLING = (
    [f"__{name}__" for name in "eq ne lt le gt ge neg pos abs invert int float complex index contains class".split()]
    + [f"__{name}__" for name in "round trunc floor ceil".split()]
    + [f"__{side}{name}__" for name in _OPERATIONS for side in ("", "r", "i")]
)
_VIEWS = ({}.keys, {}.values, {}.items)
# Classes that may say what they equal: what they say depends on nothing but parts that are looked at too. Not among them
# are proxies, `unittest.mock.ANY`, and what keeps its parts where anything can be put.
_TRUSTED = (
    [object, type, int, float, complex, bool, str, bytes, bytearray, range, slice, type(None), type(...)]
    # Functions are the same or not.
    + [types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType, enum.EnumMeta]
    + [list, tuple, dict, set, frozenset, *(type(view()) for view in _VIEWS)]
    + [collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict]
    + [datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone, datetime.tzinfo]
    + [decimal.Decimal, array.array, fractions.Fraction]
    + [numbers.Number, numbers.Complex, numbers.Real, numbers.Rational, numbers.Integral]
    + [enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag, enum.ReprEnum]
)

_mro_of = type.__dict__["__mro__"].__get__
_dict_of = type.__dict__["__dict__"].__get__
_name_of = type.__dict__["__name__"].__get__
_deque, _fraction = collections.deque, fractions.Fraction
_numerator, _denominator = _fraction.__dict__["_numerator"].__get__, _fraction.__dict__["_denominator"].__get__
_view_types = tuple(type(view()) for view in _VIEWS)

# Classes that were there before any answer, by identity; kept, so that no other gets their place.
_known = {}
# Of the trusted ones, what they define.
_trusted = {id(kind): tuple((n, vars(kind)[n]) for n in _TELLING if n in vars(kind)) for kind in _TRUSTED}
_trusted_methods = frozenset(id(method) for methods in _trusted.values() for _, method in methods)
# Values of these are what they look like.
_ATOMS = frozenset(id(kind) for kind in (int, float, complex, bool, str, bytes, bytearray, type(None), range))


def name_of(kind):
    """The name of a class."""
    return str.__str__(_name_of(kind))[:80]


def remember_classes():
    """Takes all classes that exist now for known ones."""
    stack = [object]
    while stack:
        kind = stack.pop()
        if id(kind) not in _known:
            _known[id(kind)] = kind
            stack.extend(type.__subclasses__(kind))


def is_foreign(kind):
    """Whether an answer made the class."""
    return id(kind) not in _known


def decides_for_itself(kind):
    """Whether comparing or calculating with an instance may depend on what an answer wrote."""
    for base in _mro_of(kind):
        space = _dict_of(base)
        trusted = _trusted.get(id(base))
        if trusted is None:
            for name in _TELLING:
                if name in space and space[name] is not None and id(space[name]) not in _trusted_methods:
                    return True
        else:
            # A class of the library that was written in Python can be changed.
            for name, method in trusted:
                if space.get(name) is not method:
                    return True
    return False


def _parts(value, kind):
    """What a container holds, whatever it claims to hold."""
    for base in _mro_of(kind):
        if base is list:
            return list.__iter__(value)
        if base is tuple:
            return tuple.__iter__(value)
        if base is dict:
            return list(dict.keys(value)) + list(dict.values(value))
        if base is set:
            return set.__iter__(value)
        if base is frozenset:
            return frozenset.__iter__(value)
        if base is _deque:
            return _deque.__iter__(value)
        if base is _fraction:
            return _numerator(value), _denominator(value)
        if base is slice:
            return value.start, value.stop, value.step
        for view in _view_types:
            if base is view:
                return list(value)
    return ()


def fault_of(value):
    """Why a value cannot be compared, if it cannot: the name of the class that decides for itself."""
    kind = type(value)
    if id(kind) in _ATOMS:
        return None
    stack, seen, checked = [value], set(), set()
    while stack:
        value = stack.pop()
        kind = type(value)
        if id(kind) not in checked:
            if id(kind) not in _ATOMS and decides_for_itself(kind):
                return name_of(kind)
            checked.add(id(kind))
        if id(value) in seen:
            continue
        parts = _parts(value, kind)
        if parts:
            seen.add(id(value))
            parts = list(parts)
            # Most lists hold plain values alone, which this tells without a loop.
            if not frozenset(map(id, map(type, parts))) <= _ATOMS:
                stack.extend(parts)
    return None


def deep_list(value):
    """Tuples as lists, all the way down; for exact types only."""
    kind = type(value)
    if kind is list or kind is tuple:
        return [deep_list(part) for part in value]
    if kind is dict:
        return {key: deep_list(part) for key, part in value.items()}
    return value


def wording(error):
    """An exception in words. Runs nothing that an answer wrote."""
    kind = type(error)
    name = name_of(kind)
    if is_foreign(kind):
        return name
    args = BaseException.args.__get__(error)
    first = args[0] if type(args) is tuple and args else None
    if type(first) is str and first:
        return f"{name}: {first[:200]}"
    if type(first) is int and -(10**20) < first < 10**20:
        return f"{name}: {first}"
    return name
