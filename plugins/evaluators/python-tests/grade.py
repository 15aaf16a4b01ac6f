"""One item: from a reply to a score, a program and a reason."""

import ast
import json

import guard
import library
import run_functions
import run_programs
import values
from extract import parses
from own_builtins import OWN

__builtins__ = OWN


def outsiders(program):
    """Packages that a program needs and the sandbox does not have."""
    if not any(name in program for name in library.OUTSIDE):
        return set()
    tree = parses(program)
    names = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == "np":
            names.add("np")
    return names & library.OUTSIDE


def grade(reply, metadata, mode, style):
    """Score (none when it cannot be told), the program, the reason."""
    try:
        metadata = json.loads(metadata) if metadata.strip() else {}
    except ValueError:
        return None, None, "`metadata` is not JSON"
    if not isinstance(metadata, dict):
        return None, None, "`metadata` is not a JSON object"
    try:
        if style == "programs":
            tests, function = run_programs.tests_of(metadata)
            program = run_programs.program_of(reply, mode, function)
            lacking = outsiders(program)
            score, why = run_programs.judge(program, mode, tests, function)
        else:
            tests, entry = run_functions.tests_of(style, metadata)
            program, used = run_functions.program_of(reply, mode, tests, entry)
            lacking = outsiders(program)
            score, why = run_functions.judge(program, mode, tests, entry, used)
    except run_functions.Unreadable as error:
        return None, None, str(error)
    noted = guard.first_note()
    if noted is not None:
        return 0.0, program, f"the answer {noted}"
    if score == 0.0 and lacking and why is not None:
        for name in sorted(lacking):
            if f"No module named '{name}" in why or f"name '{name}' is not defined" in why:
                return None, program, f"cannot run it: there is no `{name}` in the sandbox"
    return score, program, why
