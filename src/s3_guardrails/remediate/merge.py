"""Put statements into a policy's text and leave every other byte as it is.

A statement there counts as ours where its Sid is (with or without a number after it) and it differs from ours in
nothing but values of its conditions: then ours takes its place. Anything else with our Sid is somebody else's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.policy_text import BLANKS, Element, Place, compact, find_statements

BUCKET_POLICY_LIMIT: Final = 20 * 1024
"""Bytes of a bucket policy (S3 User Guide, "Bucket policies": 20 KB)."""

KEY_POLICY_LIMIT: Final = 32 * 1024
"""Bytes of a key policy (KMS Developer Guide, "Resource quotas": 32 KB)."""

Edit = tuple[int, int, str]
"""Replace the characters from the first place to the second by the text."""


def with_statements(text: str | None, statements: Sequence[Mapping[str, Any]]) -> str:
    """Return the policy with these statements, each with a Sid, at its end or in the place of an earlier form of ours.

    None: a new policy. Raises PolicySyntaxError for a text that is not a policy.
    """
    if text is None:
        return compact({"Version": "2012-10-17", "Statement": [dict(each) for each in statements]})
    parse_policy(text)
    place = find_statements(text)
    taken, edits, added = {each.sid for each in place.elements}, list[Edit](), list[str]()
    for each in statements:
        found = _found(place.elements, each)
        if found is None:
            sid = _free(each["Sid"], taken)
            taken.add(sid)
            added.append(compact({**each, "Sid": sid}))
        elif found.value != {**each, "Sid": found.sid}:
            edits.append((found.start, found.end, compact({**each, "Sid": found.sid})))
    return _edited(text, [*edits, *_insertions(text, place, added)])


def size(text: str) -> int:
    """Return the bytes of a policy's text."""
    return len(text.encode("utf-8", "surrogatepass"))


def too_large(text: str, limit: int) -> Refusal | None:
    """Refuse a policy over the service's limit, in bytes."""
    if size(text) <= limit:
        return None
    smallest = size(json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False))
    what = f"the policy would take {size(text)} bytes, and {limit} are the limit"
    if smallest <= limit:
        next_step = f"write the policy without blanks ({smallest} bytes with the change), then plan again"
    else:
        next_step = f"shorten the policy by {smallest - limit} bytes besides its blanks, then plan again"
    return Refusal("POLICY_TOO_LARGE", what, next_step)


def _found(elements: Sequence[Element], ours: Mapping[str, Any]) -> Element | None:
    """Return our statement of an earlier run, first one that says the same."""
    earlier = [each for each in elements if _is_ours(each, ours)]
    same = (each for each in earlier if each.value == {**ours, "Sid": each.sid})
    return next(same, earlier[0] if earlier else None)


def _is_ours(element: Element, ours: Mapping[str, Any]) -> bool:
    if not isinstance(element.sid, str) or not re.fullmatch(f"{ours['Sid']}[0-9]*", element.sid):
        return False
    return bool(_form(element.value) == _form(ours))


def _form(statement: Mapping[str, Any]) -> Any:
    """What a statement says besides its Sid and the values of its conditions."""
    conditions = statement.get("Condition", {})
    shape = {name: sorted(block) for name, block in conditions.items()}
    return {name: value for name, value in statement.items() if name != "Sid"} | {"Condition": shape}


def _free(sid: str, taken: set[Any]) -> str:
    number = 2
    name = sid
    while name in taken:
        name, number = f"{sid}{number}", number + 1
    return name


def _insertions(text: str, place: Place, added: Sequence[str]) -> Iterator[Edit]:
    if not added:
        return
    if not place.elements:
        yield place.start + 1, place.start + 1, ",".join(added)
        return
    last = place.elements[-1]
    before = text[: last.start]
    separator = f",{before[len(before.rstrip(BLANKS)) :]}" if place.several else ","
    tail = separator + separator.join(added)
    if place.several:
        yield last.end, last.end, tail
    else:
        yield last.start, last.start, "["
        yield last.end, last.end, f"{tail}]"


def _edited(text: str, edits: Sequence[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
