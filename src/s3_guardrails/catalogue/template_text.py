"""YAML as a person would write it into template.yaml: short forms of CloudFormation's functions, comments, marks."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import yaml

from s3_guardrails.errors import MalformedRule

Node = dict[str, Any]
Text = TypeVar("Text", bound=str)

_WHY: Final = re.compile(r"--why([0-9]+)--('?)")


class Sub(str):
    """A text with ``${Name}`` in it."""

    __slots__ = ()


class Ref(str):
    """The value of a parameter or the name of a resource."""

    __slots__ = ()


class GetAtt(str):
    """An attribute of a resource, as ``Name.Attribute``."""

    __slots__ = ()


class Line(dict[str, Any]):
    """A small mapping that is written on one line."""

    __slots__ = ()


class If(list[Any]):
    """The choice ``[Condition, if true, if false]``."""

    __slots__ = ()


def if_else(condition: str, value: Any, otherwise: Any) -> If:
    """Return one value or the other, as a condition of the template says."""
    return If((condition, value, otherwise))


class Reasons:
    """The comments of one block: a value is marked with its reason, which is put beside it when the block is text."""

    def __init__(self) -> None:
        """Start without any."""
        self._whys: list[str] = []

    def beside(self, value: Text, why: str) -> Text:
        """Return the value as it is put into the block's nodes."""
        self._whys.append(why)
        return type(value)(f"{value}--why{len(self._whys) - 1}--")

    def text(self, node: Node) -> str:
        """Return the block as lines of YAML, indented by nothing."""
        dumped = yaml.dump(node, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=4096)
        return _WHY.sub(lambda found: f"{found[2]}  # {self._whys[int(found[1])]}", dumped)


def block(text: str, name: str, body: str, *, indent: int = 2, file: str = "template.yaml") -> str:
    """Return the text with what stands between the marks of a block replaced; raise MalformedRule without marks."""
    begin, end = f"# BEGIN {name}", f"# END {name}"
    found = re.search(rf"^ *{re.escape(begin)}\b.*\n((?:.*\n)*?) *{re.escape(end)}$", text, re.MULTILINE)
    if not found:
        raise MalformedRule(f"{file}: expected the lines `{begin}` and `{end}`")
    lines = (f"{' ' * indent}{line}".rstrip() for line in body.splitlines())
    return text[: found.start(1)] + "".join(f"{line}\n" for line in lines) + text[found.end(1) :]


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes equal parts out each time."""

    def ignore_aliases(self, _: Any) -> bool:
        """Never write an anchor."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # its interface
        """Indent items of a list."""
        super().increase_indent(flow, indentless=False)

    def choose_scalar_style(self) -> str:
        """Quote what follows a short form only where YAML needs it."""
        style: str = super().choose_scalar_style()
        event: Any = self.event
        analysis: Any = self.analysis
        plain = analysis.allow_flow_plain if self.flow_level else analysis.allow_block_plain
        return "" if plain and event.tag in _SHORT.values() else style


_SHORT: Final = {Sub: "!Sub", Ref: "!Ref", GetAtt: "!GetAtt"}


def _tagged(tag: str) -> Any:
    return lambda dumper, value: dumper.represent_scalar(tag, str(value))


for _kind, _tag in _SHORT.items():
    _Dumper.add_representer(_kind, _tagged(_tag))
_Dumper.add_representer(
    str,
    lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None),
)
_Dumper.add_representer(If, lambda dumper, value: dumper.represent_sequence("!If", value, flow_style=True))
_Dumper.add_representer(
    Line, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
