"""Walks through trees of lists and objects: every place, what is there, and the tree with something else there."""

import copy
from collections.abc import Iterator
from typing import Any

At = tuple[Any, ...]


def paths(node: Any, at: At = ()) -> Iterator[At]:
    yield at
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, each in entries:
        yield from paths(each, (*at, name))


def get(node: Any, at: At) -> Any:
    for name in at:
        node = node[name]
    return copy.deepcopy(node)


def put(node: Any, at: At, value: Any) -> Any:
    if not at:
        return value
    if isinstance(node, dict):
        return {name: put(each, at[1:], value) if name == at[0] else each for name, each in node.items()}
    return [put(each, at[1:], value) if index == at[0] else each for index, each in enumerate(node)]
