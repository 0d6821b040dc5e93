"""Reads YAML that means one thing to every reader; the line of each value is kept for errors.

YAML 1.1 turns an unquoted account id that begins with a zero into an octal number, `no` into false and `12:30` into
750, and other readers do not. What they read differently is refused with the sentence that mends it; dates stay text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from s3_guardrails.errors import InputError

MAX_BYTES: Final = 1 << 20
"""A guardrails file of an organization takes some ten kilobytes; more than this is refused unread."""
MAX_LEVELS: Final = 40

Path_ = tuple[str | int, ...]

_TAG: Final = "tag:yaml.org,2002:"
_TEXT: Final = frozenset({f"{_TAG}str", f"{_TAG}timestamp"})
_PLAIN: Final = (
    ("bool", re.compile(r"true|false"), lambda text: text == "true"),
    ("null", re.compile(r"null|~|"), lambda _: None),
    ("int", re.compile(r"-?(0|[1-9][0-9]{0,17})"), int),
    ("float", re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}"), float),
)
_NO_TEXT_TO_SOME: Final = re.compile(
    r"[yYnN]|[-+]?(0o[0-7]+|[0-9]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)", re.ASCII
)
"""Text to this reader, and a truth value (YAML 1.1) or a number (YAML 1.2) to others: `y`, `089`, `0o17`, `1e3`."""
_LINE_FORM: Final = frozenset("\t\r\n")


@dataclass(frozen=True, slots=True)
class Written:
    """A tree of mappings, lists, texts, numbers, booleans and None; and on which line each part begins."""

    tree: Any
    lines: Mapping[Path_, int]

    def line(self, path: Path_) -> int:
        """Return the line of a part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_file(path: Path) -> Written:
    """Read a file; raise InputError with file, line and what was expected."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return read_yaml(data)
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None
    except InputError as error:
        raise InputError(f"{path}:{error}") from None


def read_yaml(data: bytes) -> Written:
    """Read one YAML document; raise InputError that begins with the line."""
    if len(data) > MAX_BYTES:
        raise InputError(f"1: expected at most {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
        if hidden := _hidden(text):
            at, problem = hidden
            raise InputError(f"{text.count(chr(10), 0, at) + 1}: {problem}")
        root = yaml.compose(text, Loader=_Loader)
        lines: dict[Path_, int] = {}
        return Written(None if root is None else _value(root, (), lines), lines)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{line}: expected UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputError(f"{line}: not YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise InputError(f"1: nested too deeply: expected at most {MAX_LEVELS} levels") from None


class _Loader(yaml.SafeLoader):
    """Composes nodes only; an alias could make a small file a large one, and hides what a reviewer reads."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Refuse aliases."""
        if self.check_event(AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # not in the stubs
            raise ComposerError(None, None, "expected no alias: write the value out", mark)
        return super().compose_node(parent, index)


def _value(node: Node, path: Path_, lines: dict[Path_, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if len(path) > MAX_LEVELS:
        raise _refused(node, f"expected at most {MAX_LEVELS} levels")
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, SequenceNode):
        _plain_tag(node, "seq")
        return [_value(each, (*path, index), lines) for index, each in enumerate(node.value)]
    if isinstance(node, ScalarNode):
        return _scalar(node)
    raise _refused(node, "expected a mapping, a list or a value")


def _mapping(node: MappingNode, path: Path_, lines: dict[Path_, int]) -> dict[str, Any]:
    _plain_tag(node, "map")
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = _scalar(key) if isinstance(key, ScalarNode) else None
        if not isinstance(name, str):
            raise _refused(key, "expected a key that is a text; quote it")
        if name in found:
            raise _refused(key, f"the key `{name[:80]}` is repeated")
        found[name] = _value(value, (*path, name), lines)
        lines[*path, name] = key.start_mark.line + 1
    return found


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    if hidden := _hidden(text):
        raise _refused(node, hidden[1])
    if node.style is not None:
        _plain_tag(node, "str")
        return text
    if node.tag in _TEXT and not _NO_TEXT_TO_SOME.fullmatch(text):
        return text
    for kind, form, read in _PLAIN:
        if node.tag == f"{_TAG}{kind}" and form.fullmatch(text):
            return read(text)
    raise _refused(node, f"`{text[:40]}` is not the same to every YAML reader: put it in quotes, or write it otherwise")


def _hidden(text: str) -> tuple[int, str] | None:
    """Return where the first character is that no reviewer sees, such as a direction mark, and what to say of it."""
    if text.isprintable():
        return None
    for index, each in enumerate(text):
        if not each.isprintable() and each not in _LINE_FORM and unicodedata.category(each) != "Zs":
            return index, f"expected no character that is not shown, found U+{ord(each):04X}"
    return None


def _plain_tag(node: Node, kind: str) -> None:
    if node.tag != f"{_TAG}{kind}":
        raise _refused(node, f"expected no tag `{node.tag.replace(_TAG, '!!')[:40]}`")


def _refused(node: Node, problem: str) -> InputError:
    return InputError(f"{node.start_mark.line + 1}: {problem}")
