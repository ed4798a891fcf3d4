"""Python on the command line: code that plainly only computes and prints is read-only; of other code nothing is known.

What is looked for first is what plainly removes files or runs commands, so that it is named.
"""

from __future__ import annotations

import ast
import functools

from assay.terminal.risk import generic, marks, options, targets
from assay.terminal.risk.call import Call
from assay.terminal.risk.interpreters import BOMB, REVERSE, fed
from assay.terminal.risk.levels import DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.table import lists
from assay.terminal.risk.walk import CODE_FROM
from assay.terminal.risk.words import Arg

REMOVING = frozenset({"remove", "unlink", "rmdir", "removedirs", "rmtree", "truncate"})
BRINGING = frozenset({"urlopen", "get", "b64decode", "b32decode", "a85decode", "unhexlify", "fromhex", "decompress",
                      "recv"})
RUNNING = frozenset({"system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput",
                     "getstatusoutput"})


def python(call: Call) -> str:
    """Follow `python`: code after ``-c``, a module after ``-m``, a script, or what it reads."""
    rest = list(call.args)
    while rest and rest[0].value.startswith("-") and rest[0].value != "-":
        arg = rest.pop(0)
        letters = arg.value[1:]
        if letters[:1] != "-" and "c" in letters and not set(letters[:letters.index("c")]) - set("bBdEiIOqsSuvx"):
            attached = letters[letters.index("c") + 1:]
            return _code(call, attached or (rest.pop(0).value if rest else ""))
        if letters[:1] == "m" or (letters[:1] != "-" and letters.endswith("m")):
            module = arg.after(2) if len(letters) > 1 and letters[0] == "m" else rest.pop(0) if rest else arg
            return _module(call, module, rest)
        if letters in ("W", "X"):
            rest = rest[1:]
        elif letters in ("V", "VV", "h", "-version", "-help"):
            return MAYBE
    return fed(call, rest, lambda text: _code(call, text))


def _module(call: Call, module: Arg, rest: list[Arg]) -> str:
    found = call.program.subs.get(module.value)
    if found is None:
        call.report("code-not-in-text", UNSURE, f"what the module {marks.shown(module.value)} does is not known here")
        return MAYBE
    if found.handler == "program":
        return call.run([module, *rest])
    level, flag = generic.weighed(found, options.read(rest, found.values))
    generic.report(call, found, level, flag)
    return call.passed()


def _code(call: Call, code: str) -> str:
    if mark := marks.tainted(code):
        call.report("fetched-code", UNBOUNDED, CODE_FROM[mark])
        return MAYBE
    if BOMB.search(code):
        call.report("fork-bomb", UNBOUNDED, "the code starts processes without end")
    if REVERSE.search(code):
        call.report("reverse-shell", UNBOUNDED, "the code connects a shell of this machine to the network")
        return MAYBE
    tree = None if marks.unknown(code) else _parsed(code)
    if tree is None:
        call.report("code-not-in-text", UNSURE, "what this code does cannot be read here")
        return MAYBE
    named = [_named(call, node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if not any(named) and not _harmless(tree):
        call.report("code-not-in-text", UNSURE, "what this code does beyond computing and printing is not known here")
    return call.passed()


def _parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _named(call: Call, node: ast.Call) -> bool:
    """Note a call that removes files or runs a command; returns whether it is one."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(
        node.func, ast.Name) else ""
    constants = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
    values = [value for value in constants if isinstance(value, str)]
    if name in ("exec", "eval"):
        inner = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        if inner & BRINGING:
            call.report("fetched-code", UNBOUNDED, "the code runs text that it fetches or decodes")
        return bool(inner & BRINGING)
    if name in REMOVING:
        call.report("removes", DESTROYS, f"the code removes files with {name}")
        for value in values:
            text = value.replace("~", marks.HOME, 1) if value.startswith("~") else marks.foreign(value)
            if reason := targets.unbounded(text, call.scope, True):
                call.report("no-bound", UNBOUNDED, f"the code removes files: here {reason}")
        return True
    if name in RUNNING and node.args and isinstance(node.func, ast.Attribute):
        first = node.args[0]
        if isinstance(first, ast.List) and len(values) == len(first.elts):
            call.run([call.words[0].at(marks.foreign(value)) for value in values], call.scope.copy())
        elif isinstance(first, ast.Constant) and isinstance(first.value, str):
            call.code(marks.foreign(first.value), call.scope.copy())
        else:
            return False
        call.report("code-not-in-text", UNSURE, "the code runs commands")
        return True
    return False


@functools.cache
def _lists() -> dict[str, frozenset[str]]:
    return lists("python")


def _harmless(tree: ast.Module) -> bool:
    """Whether code only computes, reads and prints: known modules, known attributes, no hidden names."""
    nodes = list(ast.walk(tree))
    imported = {name for node in nodes for name in _imported(node)}
    aliases = {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return imported <= _lists()["modules"] and all(_plain(node, aliases) for node in nodes)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _plain(node: ast.AST, modules: set[str]) -> bool:
    known = _lists()
    if isinstance(node, ast.ImportFrom):
        return {alias.name for alias in node.names} <= known["attributes"] - {"replace"}
    if isinstance(node, ast.Attribute):
        of_platform = isinstance(node.value, ast.Name) and node.value.id == "platform" and node.attr == "system"
        return node.attr in known["attributes"] or of_platform
    if isinstance(node, ast.Name):
        return not node.id.startswith("__") and node.id not in known["names"]
    if isinstance(node, ast.Call):
        return _plain_call(node, modules)
    return not isinstance(node, ast.AsyncFunctionDef | ast.ClassDef | ast.Global | ast.Nonlocal)


def _plain_call(node: ast.Call, modules: set[str]) -> bool:
    """Whether a call only reads: `open`, `urlopen`, `replace` are names of more than one thing."""
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(
        node.func, ast.Attribute) else ""
    if name == "open":
        return _reads(node)
    if name == "urlopen":
        return len(node.args) == 1 and all(keyword.arg == "timeout" for keyword in node.keywords)
    if name == "replace" and isinstance(node.func, ast.Attribute):
        of_text = len(node.args) > 1 or (not node.args and all(keyword.arg != "target" for keyword in node.keywords))
        return of_text and not (isinstance(node.func.value, ast.Name) and node.func.value.id in modules)
    return True


def _reads(node: ast.Call) -> bool:
    """Whether a file is opened to be read: its mode stands there, and says so."""
    mode = node.args[1] if len(node.args) == 2 else None
    plain = mode is None or (isinstance(mode, ast.Constant) and mode.value in ("r", "rb", "rt"))
    return plain and 0 < len(node.args) < 3 and all(
        keyword.arg in ("encoding", "errors", "newline") for keyword in node.keywords)
