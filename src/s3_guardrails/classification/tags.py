"""What a bucket's tags say about its class: the tag that the guardrails file names, and others about the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from s3_guardrails.classification.data_class import DataClass
from s3_guardrails.classification.evidence import Basis, Evidence

_ABOUT_CLASS: Final = re.compile(
    r"(?:data|information|info|security)?(?:classification|class|classlevel|sensitivity|confidentiality)(?:level|label)?"
)
"""Keys of tags about classification, in lower case without separators: `Class` is one, `StorageClass` is none."""


def present_class(tags: Mapping[str, str], tag: str, classes: Sequence[DataClass]) -> DataClass | None:
    """Return the class that the tag names, None where it names none; rules read it the same way."""
    value = tags.get(tag, "").strip()
    return next((each for each in classes if each.name == value), None)


def tagged(tags: Mapping[str, str], tag: str, classes: Sequence[DataClass]) -> Iterator[Evidence]:
    """Yield what tags about classification name, the class's own tag only where it is not written as in the file."""
    by_form = {_plain(each.name): each.name for each in reversed(classes)}
    for key in sorted(tags):
        own = key == tag
        if not (own or _ABOUT_CLASS.fullmatch(_plain(key.rpartition(":")[2]))):
            continue
        if own and present_class(tags, tag, classes):
            continue
        named, shown = by_form.get(_plain(tags[key])), f"the tag `{key}={tags[key]}`"
        if named:
            sentence = f"{shown} names the class {named}"
            yield Evidence(code="TAG_NAMES_CLASS", sentence=sentence, basis=Basis.TAG, named=named)
        elif tags[key].strip():
            sentence = f"{shown} names no class of the guardrails"
            yield Evidence(code="TAG_UNKNOWN", sentence=sentence, basis=Basis.TAG)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
