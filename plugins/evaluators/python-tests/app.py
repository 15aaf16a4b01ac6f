"""What the component exports: the world `evaluator-plugin`. Everything it needs is imported here, while it is built."""

import gc
import sys
import types

import library

library.load()
library.replace_what_the_sandbox_lacks()

from componentize_py_types import Err
from wit_world.exports.evaluator import Isolation
import wit_world.imports.log
from wit_world.imports.types import Error_InvalidConfig, Error_Other, Error_Unsupported

import grade
import guard
import settings
import values
from own_builtins import OWN

__builtins__ = OWN

VERSION = "0.1.0"
# Records are handed over by the names of their parts; these hold nothing that an answer could change, or be led by.
_record = types.SimpleNamespace
_WITHHELD = frozenset(library.WITHHELD)
_GRADER = frozenset(
    "app checks extract grade guard library own_builtins run_functions run_programs settings values".split()
)
_hidden, _kept = [], []


def _describe():
    return _record(
        name="python-tests",
        version=VERSION,
        needs_judge=False,
        isolation=Isolation.PER_ITEM,
        config_schema=settings.SCHEMA,
    )


def _settings(config):
    try:
        return settings.read(config)
    except ValueError as error:
        raise Err(Error_InvalidConfig(str(error)))


def _judge_requests(items, config):
    _settings(config)
    return []


def _score(items, replies, config):
    mode, style = _settings(config)
    if len(items) > 1:
        # What one answer does to the interpreter would meet the next.
        raise Err(Error_Unsupported("one item at a time: what an answer does must not meet the next"))
    if not items:
        return []
    item = items[0]
    guard.hide(_hidden)
    try:
        score, program, why = grade.grade(item.raw_output, item.metadata, mode, style)
    except BaseException as error:
        if not guard.is_watching():
            raise Err(Error_Other(values.wording(error)))
        # Such as a recursion limit of 3, or no memory left to say so.
        score, program, why = 0.0, None, f"the answer breaks its own interpreter: {values.wording(error)}"
    return [_record(score=score, prediction=program, explanation=why)]


def Evaluator():
    """Called once, when the component is built. No class, because all classes can be found from `object`."""
    ours = lambda name: name in _GRADER or name in _WITHHELD or name.partition(".")[0] in ("wit_world", "__main__")
    _hidden.extend(name for name in sys.modules if ours(name) or name.startswith("componentize_py"))
    values.remember_classes()
    guard.install()
    guard.forget_paths()
    # A module that goes away is taken apart, which takes longer than to keep it.
    _kept.extend(sys.modules.values())
    gc.collect()
    gc.freeze()
    # A collection reads every object there is, which costs a fresh instance most of its time; small answers need none.
    gc.set_threshold(100_000, 20, 20)
    return _record(describe=_describe, judge_requests=_judge_requests, score=_score)
