"""The values of ``$x`` and ``${x...}``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from assay.terminal.risk import expansions, marks, words
from assay.terminal.risk.marks import HOME, MAYBE, SOME, SPLIT
from assay.terminal.risk.scope import Scope, Values, few

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

FORM = re.compile(r"([!#]?)([A-Za-z_]\w*|\d+|[@*#?$!-])(\[[^]]*\])?(.*)", re.DOTALL)
DEFAULTS = (":-", ":=", ":?", ":+", "-", "=", "?", "+")
TRIMS = ("##", "#", "%%", "%")
CASES: dict[str, Callable[[str], str]] = {
    "^^": str.upper, ",,": str.lower,
    "^": lambda text: text[:1].upper() + text[1:], ",": lambda text: text[:1].lower() + text[1:]}
PLAIN = re.compile(r"[\w.,:@+-]*")


def values(walk: Walk, node: Node, scope: Scope) -> Values:
    """Return the values of an expansion, as they are before words are split; '' among them where it may be unset."""
    source = walk.tree.source(node)
    if not source.startswith("${"):
        return variable(source[1:], scope)
    form = FORM.fullmatch(source[2:-1])
    if form is None:
        walk.visit(node, scope)
        return (MAYBE,)
    before, name, index, rest = form.groups()
    if before == "#" and not rest:
        return (SOME,)
    found = variable(name, scope) if before != "!" else _indirect(name, scope)
    if index is not None:
        walk.visit(node, scope)
        found = _element(scope.get(name), index)
    return _changed(walk, node, scope, name, found, rest) if rest else found


def variable(name: str, scope: Scope) -> Values:
    """Return what a variable or parameter may be."""
    if name in "@*" or name.isdigit():
        return _argument(name, scope)
    return tuple(value.split(SPLIT)[0] for value in scope.get(name)) if name in scope.variables else scope.get(name)


def _argument(name: str, scope: Scope) -> Values:
    if name == "0":
        return scope.variables.get("0", (SOME,))
    if scope.arguments is None:
        return (MAYBE,)
    if name in "@*":
        return (SPLIT.join(scope.arguments),)
    number = int(name) - 1
    return (scope.arguments[number],) if number < len(scope.arguments) else ("",)


def _indirect(name: str, scope: Scope) -> Values:
    return few(value for pointer in variable(name, scope)
               for value in (variable(pointer, scope) if pointer.isidentifier() else (MAYBE,)))


def _element(found: Values, index: str) -> Values:
    if index in ("[@]", "[*]"):
        return found
    return few(part for value in found for part in value.split(SPLIT))


def _changed(walk: Walk, node: Node, scope: Scope, name: str, found: Values, rest: str) -> Values:
    sign = next((sign for sign in DEFAULTS if rest.startswith(sign)), None)
    start = node.end_byte - 1 - len(rest)
    if sign is not None:
        return _default(walk, node, scope, name, found, sign, start + len(sign))
    walk.visit(node, scope)
    if rest.startswith("@P"):
        expansions.prompt(walk, node, found, scope)
    for form in (_trimmed, _replaced, _cut, _cased):
        changed = form(found, rest)
        if changed is not None:
            return few(changed)
    return (MAYBE,)


def _default(walk: Walk, node: Node, scope: Scope, name: str, found: Values, sign: str, start: int) -> Values:
    pieces = words.quoted(walk, node, scope, start, node.end_byte - 1)
    others = few("".join(text for text, _, _ in parts) for parts in words.choices(pieces))
    present = tuple(value.replace(MAYBE, SOME) if value == MAYBE else value for value in found if value)
    if sign.endswith("?"):
        if sign == ":?" and name.isidentifier():
            scope.variables[name] = present or (SOME,)
        return (present or (SOME,)) if sign == ":?" else found
    if sign.endswith("+"):
        return few((*others, ""))
    certain = all(value and not set(value) <= marks.EMPTYABLE for value in found)
    result = found if certain else few((*present, *others, *(("",) if "" in found and sign[0] != ":" else ())))
    if sign.endswith("=") and name.isidentifier():
        scope.set(name, result)
    return result


def _trimmed(found: Values, rest: str) -> list[str] | None:
    sign = next((sign for sign in TRIMS if rest.startswith(sign)), None)
    if sign is None:
        return None
    pattern = rest[len(sign):]
    return [_trim(value, sign, pattern) for value in found]


def _trim(value: str, sign: str, pattern: str) -> str:
    if value.rstrip("/") == HOME:
        return HOME
    if sign[0] == "%" and not marks.unknown(value) and PLAIN.fullmatch(pattern):
        return value.removesuffix(pattern)
    if not marks.known(value) or re.search(r"[$`'\"\\]", pattern):
        return MAYBE if set(pattern) <= {"*"} or set(value) <= marks.EMPTYABLE else SOME
    if pattern.count("*") > 2 or len(value) > 500:
        return MAYBE
    matcher = matching(pattern)
    lengths = list(range(len(value) + 1))
    if len(sign) == 2:
        lengths.reverse()
    for length in lengths:
        part = value[:length] if sign[0] == "#" else value[len(value) - length:]
        if matcher.fullmatch(part):
            return value[length:] if sign[0] == "#" else value[:len(value) - length]
    return value


def _replaced(found: Values, rest: str) -> list[str] | None:
    if not rest.startswith("/"):
        return None
    everywhere = rest.startswith("//")
    pattern, _, new = rest[2 if everywhere else 1:].partition("/")
    if re.search(r"[$`'\"\\]", pattern + new) or not pattern or pattern.count("*") > 2:
        return None
    if not all(marks.known(value) or _shows(value, pattern) for value in found):
        return None
    return [matching(pattern).sub(lambda match: new, value[:500], count=0 if everywhere else 1) for value in found]


def _shows(value: str, pattern: str) -> bool:
    """Whether what is replaced stands in the known part of a name with wildcards."""
    return not marks.unknown(value) and pattern in value and not set(pattern) & set("*?[")


def _cut(found: Values, rest: str) -> list[str] | None:
    match = re.fullmatch(r":\s*(-?\d+)(?::\s*(-?\d+))?", rest)
    if match is None or not all(map(marks.known, found)):
        return None
    start, length = int(match[1]), match[2]
    return [value[start:] if length is None else
            value[start:][:int(length)] if int(length) >= 0 else value[start:int(length)] for value in found]


def _cased(found: Values, rest: str) -> list[str] | None:
    change = CASES.get(rest)
    return None if change is None else [change(value) for value in found]


def matching(pattern: str) -> re.Pattern[str]:
    """Return what matches a shell pattern; one that is none matches nothing.

    >>> bool(matching("*.tx[tT]").fullmatch("a.txT"))
    True
    """
    parts, at = [], 0
    while at < len(pattern):
        letter = pattern[at]
        close = pattern.find("]", at + 2) if letter == "[" else -1
        if close > 0:
            inner = pattern[at + 1:close].replace("\\", r"\\")
            parts.append("[" + ("^" + inner[1:] if inner[0] in "!^" else inner).replace("[", r"\[") + "]")
            at = close
        else:
            parts.append({"*": ".*", "?": "."}.get(letter, re.escape(letter)))
        at += 1
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:  # a range that runs backwards, say
        return re.compile(r"(?!)")
