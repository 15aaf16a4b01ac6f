"""Finds the program in what a model wrote."""

import ast
import textwrap

# Makes the parser tell input that ends too early from input that is wrong (CPython's own interactive loop uses it); it has
# other words for some of the former.
_INCOMPLETE = 0x4000
_EARLY = ("incomplete input", "unexpected EOF", "unterminated triple-quoted")
_LINES = 100


def parses(text):
    """The syntax tree, or none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _state(text):
    """'valid', 'early' when more lines may make it valid, 'wrong' when none can."""
    try:
        compile(text, "<range>", "exec", ast.PyCF_ONLY_AST | _INCOMPLETE, dont_inherit=True)
        return "valid"
    except SyntaxError as error:
        early = str(error.msg).startswith(_EARLY) or "was never closed" in str(error.msg)
        return "early" if early or text.rstrip("\n").endswith("\\") else "wrong"
    except (ValueError, RecursionError, MemoryError):
        return "wrong"


def longest_valid_range(lines):
    """Of all contiguous ranges that parse, the first with most lines that are not blank.

    What is wrong stays wrong however many lines follow, so for each first line the end is found by halving.
    """
    filled = [bool(line.strip()) for line in lines]
    best, best_count = None, 0
    for start in range(len(lines)):
        if sum(filled[start:]) <= best_count:
            break
        text = lambda end: "\n".join(lines[start:end]) + "\n"
        # The least end that is wrong lies in (low, high].
        low, high = start, len(lines) + 1
        probe = start + 1
        while low + 1 < high:
            if _state(text(probe)) == "wrong":
                high = probe
            else:
                low = probe
            probe = (low + high) // 2
        for end in range(low, start, -1):
            count = sum(filled[start:end])
            if count <= best_count:
                break
            if parses(text(end)):
                # The first of those with as many lines.
                while end - 1 > start and not filled[end - 1] and parses(text(end - 1)):
                    end -= 1
                best, best_count = (start, end), count
                break
    return lines[slice(*best)] if best else []


def compat_functions(reply):
    """As the reference does it: the longest stretch that parses within the first hundred lines, and of that the imports,
    classes, functions with a `return` and simple assignments."""
    lines = (reply.replace("\t", "    ").replace("\r\n", "\n").replace("\r", "\n").strip() + "\n").split("\n")
    tree = parses("\n".join(longest_valid_range(lines[:_LINES])))
    imports, definitions = [], {}
    for node in tree.body if tree else []:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(node)
        elif isinstance(node, ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.FunctionDef):
            if any(isinstance(inner, ast.Return) for inner in ast.walk(node)):
                definitions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            definitions[node.targets[0].id] = node
    return ast.unparse(ast.Module([*imports, *definitions.values()], []))


def compat_program(reply):
    """As the reference does it: what lies between the last two markers, or fences."""
    lines = reply.split("\n")
    marks = _lines_with(lines, "PYTHON]")
    if len(marks) < 2:
        marks = _lines_with(lines, "```")
    return "\n".join(lines[marks[-2] + 1 : marks[-1]]) if len(marks) >= 2 else ""


def _lines_with(lines, words):
    return [at for at, line in enumerate(lines) if words in line]


def after_thinking(reply):
    """What follows the model's thinking, if it showed any."""
    return reply.rpartition("</think>")[2]


def blocks(reply):
    """The fenced blocks, each with its language and without its common indentation. The last may lack its end."""
    found, language, inside = [], "", None
    for line in reply.replace("\r\n", "\n").split("\n"):
        bare = line.strip()
        while bare.startswith((">", "- ", "* ")):
            bare = bare[1:].strip()
        fence = bare.startswith(("```", "~~~"))
        if inside is None:
            if fence and "```" not in bare[3:]:
                language, inside = (bare[3:].split() or [""])[0].lower(), []
        elif fence and set(bare) <= {"`", "~"}:
            found.append((language, _flush_left(inside)))
            inside = None
        else:
            inside.append(line)
    if inside is not None and any(line.strip() for line in inside):
        found.append((language, _flush_left(inside)))
    return found


def _flush_left(lines):
    return textwrap.dedent("\n".join(line.expandtabs(4) if line[:1] in " \t" else line for line in lines)) + "\n"


def _trees(reply):
    """Every block that is Python, with its tree, whether it says that it is Python."""
    named = ("python", "python3", "py", "py3", "pycon")
    trees = [(text, parses(text), language in named) for language, text in blocks(reply) if language in named + ("",)]
    return [found for found in trees if found[1] is not None and found[1].body]


def _without_fences(reply):
    """A reply without fences: all of it, or the longest stretch of it that parses."""
    text = reply.replace("\t", "    ").replace("\r\n", "\n")
    for whole in (text, textwrap.dedent(text)):
        if parses(whole):
            return whole
    lines = text.split("\n")
    starts = ("def ", "class ", "import ", "from ", "@", "async def ")
    first = next((at for at, line in enumerate(lines) if line.lstrip().startswith(starts)), 0)
    # Lines before the first definition may be its constants, but seldom many.
    return "\n".join(longest_valid_range(textwrap.dedent("\n".join(lines[max(0, first - 20) : first + 400])).split("\n")))


def defined(tree):
    """The names that a module binds at its top level, in loops and conditions too."""
    names, stack = set(), list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        stack.extend(ast.iter_child_nodes(node))
    return names


def _is_definition(node):
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    return isinstance(node, kinds)


def fixed_functions(reply, wanted):
    """The last block that defines a wanted name, whole, after what earlier blocks define and it does not."""
    reply = after_thinking(reply)
    trees = _trees(reply)
    if not trees:
        return _without_fences(reply)
    last = next((at for at in reversed(range(len(trees))) if wanted & defined(trees[at][1])), None)
    if last is None:
        joined = "\n".join(text for text, _, _ in trees)
        return joined if parses(joined) else trees[-1][0]
    main = trees[last][1]
    known = defined(main)
    earlier = {}
    for _, tree, _ in trees[:last] + trees[last + 1 :]:
        for node in tree.body:
            names = defined(ast.Module([node], []))
            if _is_definition(node) and not names & known:
                earlier[", ".join(sorted(names))] = node
    if not earlier:
        return trees[last][0]
    future = [node for node in main.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    rest = [node for node in main.body if node not in future]
    return ast.unparse(ast.Module([*future, *earlier.values(), *rest], []))


def fixed_program(reply, function):
    """The last block that is a program: defines the function, or reads its input, or at least does something."""
    reply = after_thinking(reply)
    lines = reply.split("\n")
    marks = _lines_with(lines, "PYTHON]")
    if len(marks) >= 2:
        return "\n".join(lines[marks[-2] + 1 : marks[-1]])
    trees = _trees(reply)
    if not trees:
        return _without_fences(reply) if not blocks(reply) else ""

    def worth(found):
        text, tree, named = found
        if function:
            fits = any(isinstance(node, ast.FunctionDef) and node.name == function for node in ast.walk(tree))
        else:
            fits = any(word in text for word in ("input(", "stdin", "open(0", "open('/dev", 'open("/dev'))
        acts = any(isinstance(node, (ast.Call, ast.FunctionDef, ast.ClassDef)) for node in ast.walk(tree))
        return fits, acts, named

    # The last of the best.
    return max(reversed(trees), key=worth)[0]
