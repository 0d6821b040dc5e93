"""Findings of other services about buckets, as their commands print them: read strictly, every error with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.classification.evidence import Evidence
from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind, shown


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: the name of its bucket, and what it means for the bucket's class."""

    bucket: str
    evidence: Evidence


def listing(document: Any, name: str, command: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every entry of the list `name` with its place; a document of another command is an error."""
    if not isinstance(document, Mapping):
        raise InputError(f"expected an object as `{command}` prints it, found {kind(document)}")
    if document.get("nextToken"):
        raise InputError("nextToken: the listing is cut short: expected all of it")
    entries = document.get(name)
    if not isinstance(entries, list):
        raise InputError(f"{name}: expected a list as `{command}` prints it, found {_found(document, name)}")
    for index, entry in enumerate(entries):
        place = f"{name}[{index}]"
        if not isinstance(entry, Mapping):
            raise InputError(f"{place}: expected an object, found {kind(entry)}")
        yield place, entry


def text(entry: Mapping[str, Any], place: str, *names: str) -> str:
    """Return a string that must be there, by its way through objects; raise InputError with the place."""
    value: Any = entry
    for name in names:
        place = f"{place}.{name}"
        if not isinstance(value, Mapping) or name not in value:
            raise InputError(f"{place}: expected a string, found nothing")
        value = value[name]
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise InputError(f"{place}: expected a string of 1 to {MAX_TEXT} characters, found {shown(value)}")
    return value


def one_of(entry: Mapping[str, Any], place: str, name: str, words: tuple[str, ...]) -> str:
    """Return a string that must be one of the API's words."""
    value = text(entry, place, name)
    if value not in words:
        raise InputError(f"{place}.{name}: expected one of {', '.join(words)}, found {shown(value)}")
    return value


def flag(entry: Mapping[str, Any], place: str, name: str) -> bool:
    """Return a truth value, false where it is not there."""
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"{place}.{name}: expected true or false, found {kind(value)}")
    return value


MAX_TEXT: Final = 2048


def _found(document: Mapping[str, Any], name: str) -> str:
    if name in document:
        return kind(document[name])
    names = ", ".join(shown(each) for each in sorted(document)[:5])
    return f"an object with {names}" if names else "an empty object"
