"""The query protocol's lists and structures: from flat parameters to plain data, and answers as XML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from s3_guardrails.embedded.call import Answer

NAMESPACE: Final = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """Return ``A.member.1.B`` as lists and mappings; an empty list comes as an empty string and is left so."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        node = tree
        *parents, last = name.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return {name: _listed(each) for name, each in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if set(node) == {"member"}:
        return [_listed(node["member"][each]) for each in sorted(node["member"], key=int)]
    return {name: _listed(each) for name, each in node.items()}


def answered(operation: str, result: Mapping[str, Any] | None = None) -> Answer:
    """Answer an operation; members that are None are left out."""
    root = ET.Element(f"{operation}Response", xmlns=NAMESPACE)
    _fill(ET.SubElement(root, f"{operation}Result"), result or {})
    return Answer(200, ET.tostring(root), {"Content-Type": "text/xml"})


def _fill(element: ET.Element, value: Any) -> None:
    match value:
        case Mapping():
            for name, each in value.items():
                if each is not None:
                    _fill(ET.SubElement(element, name), each)
        case list() | tuple():
            for each in value:
                _fill(ET.SubElement(element, "member"), each)
        case bool():
            element.text = str(value).lower()
        case datetime():
            element.text = value.isoformat()
        case _:
            element.text = str(value)
