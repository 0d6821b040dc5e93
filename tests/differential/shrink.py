"""The smallest policy on which a disagreement is still seen."""

import json
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]


def shrink(document: Document, fails: Callable[[Document], bool]) -> Document:
    """Drop statements, conditions and values for as long as it still fails."""
    smaller = next((each for each in _smaller(document) if fails(each)), None)
    return document if smaller is None else shrink(smaller, fails)


def _smaller(document: Document) -> Iterator[Document]:
    statements = document["Statement"]
    for index, statement in enumerate(statements):
        yield {**document, "Statement": statements[:index] + statements[index + 1 :]}
        for less in _less(statement):
            yield {**document, "Statement": [*statements[:index], less, *statements[index + 1 :]]}


def _less(statement: Document) -> Iterator[Document]:
    for name, block in statement.get("Condition", {}).items():
        for key, values in block.items():
            fewer = json.loads(json.dumps(statement))
            del fewer["Condition"][name][key]
            yield {**fewer, "Condition": {each: rest for each, rest in fewer["Condition"].items() if rest}}
            for index in range(len(values) if isinstance(values, list) and len(values) > 1 else 0):
                fewer = json.loads(json.dumps(statement))
                del fewer["Condition"][name][key][index]
                yield fewer
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        values = statement.get(element)
        for index in range(len(values) if isinstance(values, list) and len(values) > 1 else 0):
            yield {**statement, element: values[:index] + values[index + 1 :]}
