"""Checks a file against its JSON Schema; every error has a line, a place, what was expected and what was found.

What a person should read is the schema's own: where a value has the wrong form, its `description` says the right one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from s3_guardrails.errors import InputError
from s3_guardrails.settings.strict_yaml import Path_, Written

MAX_SHOWN: Final = 20
"""Errors told of one file."""

MAX_NAME: Final = 80
"""Characters told of one name in a place; a longer one is cut."""

_KINDS: Final = {
    "object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number", "number": "a number",
    "boolean": "true or false", "null": "nothing",
}  # fmt: skip


class InvalidFile(InputError):
    """A file that people write has errors. `errors`: a line number and a sentence each, at least one."""

    def __init__(self, name: str, errors: list[tuple[int, str]]) -> None:
        """Tell the first one in the message, and how many there are."""
        (line, sentence), *others = errors
        more = f" (and {len(others)} more)" if others else ""
        super().__init__(f"{name}:{line}: {sentence}{more}")
        self.name = name
        self.errors = errors


@cache
def schema_text(name: str) -> str:
    """Return the text of the schema of `guardrails`, `exemption`, …."""
    return (files(__package__) / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def _validator(name: str) -> Any:
    strict = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    return strict(json.loads(schema_text(name)))


def _pattern(_: Any, form: str, found: Any, __: Any) -> Iterator[ValidationError]:
    """Match as JSON Schema means it: Python's `$` would let a line end follow."""
    if isinstance(found, str) and (found.endswith("\n") or not re.search(form, found)):
        yield ValidationError(form)


def check_schema(written: Written, schema: str, name: str) -> None:
    """Raise InvalidFile where the tree is not what the schema describes."""
    found = {(written.line(path), sentence) for path, sentence in _errors(written.tree, schema)}
    if found:
        raise InvalidFile(name, sorted(found)[:MAX_SHOWN])


def _errors(tree: Any, schema: str) -> Iterator[tuple[Path_, str]]:
    for error in _validator(schema).iter_errors(tree):
        path: Path_ = tuple(error.absolute_path)
        if "propertyNames" in error.absolute_schema_path:
            path = (*path, error.instance)
        for extra, sentence in _sentences(error):
            yield (*path, *extra), f"{place((*path, *extra))}: {sentence}" if path or extra else sentence


def _sentences(error: Any) -> Iterator[tuple[Path_, str]]:
    value, found = error.validator_value, error.instance
    match error.validator:
        case "required":
            yield (), f"expected {', '.join(f'`{each}`' for each in value if each not in found)}"
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for name in (each for each in found if each not in known):
                yield (name,), f"unknown; expected one of {', '.join(known)}"
        case "type":
            yield (), f"expected {_expected(error) or _KINDS[value]}, found {_shown(found)}"
        case "enum" | "const":
            words = value if error.validator == "enum" else [value]
            yield (), f"expected {' or '.join(map(str, words))}, found {_shown(found)}"
        case "uniqueItems":
            yield (), "expected each entry once"
        case _:
            yield (), f"expected {_expected(error) or f'{error.validator} {value}'}, found {_shown(found)}"


def _expected(error: Any) -> str | None:
    told = error.schema.get("description")
    return told if isinstance(told, str) else None


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{_KINDS['object' if isinstance(value, dict) else 'array']}{'' if value else ' that is empty'}"
    if isinstance(value, str):
        return f"`{value[:60]}`"
    return "nothing" if value is None else f"the value {json.dumps(value)} without quotes"


def place(path: Path_) -> str:
    """Return a path as people write it.

    >>> place(("classes", "restricted", "accepts", 0))
    'classes.restricted.accepts[0]'
    """
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each[:MAX_NAME]}" for each in path)
    return text.removeprefix(".")
