"""Reads a template's YAML as CloudFormation does: short forms of its functions, no dates, nothing constructed but data.

Source: CloudFormation User Guide, "Template formats" (YAML 1.1 without timestamps, sets and binary) and "Intrinsic
function reference" (short forms such as ``!Sub``). Aliases and merge keys, which packaging tools resolve before
CloudFormation sees them, are read within bounds.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from s3_guardrails.errors import InputError
from s3_guardrails.template.value import Unknown

MAX_CHARACTERS: Final = 2 << 20
"""Longer templates are refused unread; CloudFormation accepts 1 MB."""
MAX_PAIRS: Final = 10_000
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_BARE: Final = frozenset({"Ref", "Condition"})
_TAG: Final = "tag:yaml.org,2002:"


def read_yaml(text: str) -> tuple[Any, dict[str, int]]:
    """Return the tree and the line of each resource; raise InputError with line and column."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"expected at most {MAX_CHARACTERS} characters of YAML, found {len(text)}")
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return (None, {}) if root is None else (loader.construct_document(root), _lines(root))
    except yaml.MarkedYAMLError as error:
        raise InputError(f"not YAML: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InputError("nested too deeply") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
    return f"{error.problem or error.context}{where}"


def _lines(root: Node) -> dict[str, int]:
    """Return the line of each resource's logical id."""
    resources = _entry(root, "Resources")
    pairs = resources.value if isinstance(resources, MappingNode) else []
    return {key.value: key.start_mark.line + 1 for key, _ in pairs if isinstance(key, ScalarNode)}


def _entry(node: Node, name: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


class _Loader(yaml.SafeLoader):
    """The safe loader, with CloudFormation's tags and without dates."""

    def __init__(self, text: str) -> None:
        """Remember the mappings whose keys were checked as they are written; merging comes after."""
        super().__init__(text)
        self._checked: dict[int, MappingNode] = {}

    def flatten_mapping(self, node: MappingNode) -> None:
        """Refuse a repeated key, then resolve merge keys, within bounds: merged mappings can multiply."""
        if id(node) not in self._checked:
            self._checked[id(node)] = node
            _check_keys(node)
        super().flatten_mapping(node)
        if len(node.value) > MAX_PAIRS:
            raise ConstructorError(None, None, f"expected at most {MAX_PAIRS} keys after merging", node.start_mark)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Keep keys as they are written; a key of the mapping itself stands before one that is merged in."""
        del deep
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_yaml_map(self, node: MappingNode) -> Any:
        """Fill the mapping after it is known, so that an alias inside can mean it."""
        found: dict[Any, Any] = {}
        yield found
        found.update(self.construct_mapping(node))

    def whole_number(self, node: ScalarNode) -> int | Unknown:
        """Read a decimal number; how CloudFormation reads `0123`, `0x10` or `1:30` is not documented."""
        text = str(self.construct_scalar(node))
        place = f"line {node.start_mark.line + 1}"
        return int(text) if _DECIMAL.fullmatch(text) else Unknown(f"the number `{text[:40]}` at {place}: quote it")

    def function(self, suffix: str, node: Node) -> dict[str, Any]:
        """Turn ``!Sub x`` into ``{"Fn::Sub": x}``."""
        value: Any
        if isinstance(node, ScalarNode):
            value = self.construct_scalar(node)
        elif isinstance(node, SequenceNode):
            value = self.construct_sequence(node, deep=True)
        else:
            value = self.construct_mapping(node)  # type: ignore[arg-type]
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in _BARE else f"Fn::{suffix}": value}

    def refused(self, node: Node) -> Any:
        """Refuse a tag that CloudFormation does not have."""
        raise ConstructorError(None, None, f"expected no tag `{node.tag.replace(_TAG, '!!')[:40]}`", node.start_mark)


def _check_keys(node: MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise ConstructorError(None, None, "expected a key that is a text", key.start_mark)
        if key.value in seen:
            raise ConstructorError(None, None, f"the key `{key.value[:40]}` is repeated", key.start_mark)
        seen.add(key.value)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag != f"{_TAG}timestamp"]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(f"{_TAG}int", _Loader.whole_number)
_Loader.add_constructor(f"{_TAG}map", _Loader.construct_yaml_map)
for _name in ("timestamp", "binary", "set", "omap", "pairs"):
    _Loader.add_constructor(_TAG + _name, _Loader.refused)
_Loader.add_constructor(None, _Loader.refused)
_Loader.add_multi_constructor("!", _Loader.function)
