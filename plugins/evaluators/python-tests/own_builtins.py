"""Builtins of the grader's own.

A module that sets `__builtins__ = OWN` before it defines functions keeps using these, whatever an answer does to the
module `builtins`, which everything else in the interpreter shares.
"""

import builtins

OWN = dict(vars(builtins))
