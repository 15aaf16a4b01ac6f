"""Watches what an answer does to the interpreter.

An audit hook (PEP 578) cannot be taken away again. It notes and refuses what would let an answer see the grader's frames,
run bytecode of its own making, or leave the sandbox. What it noted lies in a closure that no answer can follow to.
"""

import sys

from own_builtins import OWN

__builtins__ = OWN

_INTERPRETER = frozenset(
    """sys._getframe sys._current_frames sys._current_exceptions sys.settrace sys.setprofile sys.addaudithook
    sys.monitoring.register_callback gc.get_objects gc.get_referrers gc.get_referents code.__new__ marshal.loads
    marshal.load cpython._PySys_ClearAuditHooks cpython.run_command cpython.run_file cpython.remote_debugger_script
    sys.remote_exec""".split()
)
_OUTSIDE = frozenset(
    """os posix shutil subprocess socket tempfile glob pathlib pty fcntl mmap signal sqlite3 ctypes webbrowser urllib http ftplib
    smtplib poplib imaplib telnetlib syslog resource winreg msvcrt nt faulthandler select _thread""".split()
)
# Attributes that lead from a harmless object to a frame, and from there to all callers.
_FRAMES = frozenset(["tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back", "f_locals"])


def _make():
    noted = []
    sealed, watching = [False], [False]
    interpreter, outside, frames = _INTERPRETER, _OUTSIDE, _FRAMES
    kind, text = type, str

    def hook(event, args):
        if not sealed[0]:
            return
        if event == "import":
            # All there is has been imported; anything else would look for files.
            name = args[0] if kind(args[0]) is text else "?"
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if event == "open":
            # The interpreter itself opens `<string>` to show the line of a syntax error.
            path = args[0] if args else None
            if kind(path) is text and path[:1] == "<":
                raise FileNotFoundError("there are no files in here")
            why = "wants a file (open)"
        elif event == "object.__getattr__":
            if args[1] not in frames:
                return
            why = f"reaches into the interpreter ({args[1]})"
        elif event == "object.__setattr__":
            if kind(args[1]) is not text or args[1] != "__code__":
                return
            why = "reaches into the interpreter (__code__)"
        elif event in interpreter:
            why = f"reaches into the interpreter ({event})"
        elif event.partition(".")[0] in outside:
            why = f"reaches out of the sandbox ({event})"
        else:
            return
        if watching[0]:
            noted.append(why)
        raise RuntimeError(f"the answer {why}")

    def watch(on):
        watching[0] = on

    def is_watching():
        return watching[0]

    def seal():
        sealed[0] = True

    def note(why):
        noted.append(why)

    def first():
        return noted[0] if noted else None

    return hook, seal, watch, is_watching, note, first


_hook, _seal, watch, is_watching, note, first_note = _make()


def install():
    """Sets the hook, for good. It lets everything pass until `hide`."""
    sys.addaudithook(_hook)


def hide(names):
    """Takes the grader's own modules out of sight. From now on nothing is imported."""
    for name in names:
        sys.modules.pop(name, None)
    _seal()


def forget_paths():
    """Leaves nowhere to look for modules."""
    sys.meta_path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    sys.path.clear()


def state_of(modules):
    """What these modules bind now."""
    return [(vars(module), tuple(vars(module)), tuple(vars(module).values())) for module in modules]


def changed(state):
    """The first name that is bound to something else by now, if any."""
    for space, names, values in state:
        if len(space) < len(names):
            return next((name for name in names if name not in space), "a name")
        for name, value in zip(names, values):
            if space.get(name) is not value:
                return name
    return None


def restore(state):
    """Binds the names again as they were."""
    for space, names, values in state:
        space.clear()
        space.update(zip(names, values))
