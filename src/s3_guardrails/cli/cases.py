"""Reads cases: one question about one policy per line of JSON.

``{"id", "topic", "bucket", "own", "policy", "params"}``: `topic` and `params` as in `encryption.question`; `bucket` a
name (topics about buckets only); `own` the owner's account id; `policy` an object, or its JSON text. Other fields,
such as an expected verdict, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.encryption.question import topic_of
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json

ABOUT_BUCKETS: Final = frozenset({"tls", "sse", "uploads"})


@dataclass(frozen=True, slots=True)
class Case:
    """One question, checked but for the policy and the values of its parameters, which the prover reads."""

    id: str | int | None
    topic: str
    bucket: str | None
    own: str
    policy: str | Mapping[str, Any]
    params: Mapping[str, Any]


def read_case(line: bytes) -> Case:
    """Read one line; raise InputError that names the field and what was expected."""
    try:
        data = strict_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start + 1}") from None
    except PolicySyntaxError as error:
        raise InputError(str(error)) from None
    if not isinstance(data, Mapping):
        raise InputError(f"expected an object with topic, own and policy, found {_kind(data)}")
    _expect(data, "topic", "the topic of the question", lambda value: isinstance(value, str))
    _, known = topic_of(data["topic"])
    _expect(data, "id", "a string or a whole number", lambda value: value is None or type(value) in {str, int})
    _expect(data, "own", "an account id of 12 digits", _is_account)
    _expect(data, "policy", "an object", lambda value: isinstance(value, Mapping | str))
    _expect(data, "params", "an object", lambda value: isinstance(value, Mapping | None))
    if data["topic"] in ABOUT_BUCKETS:
        _expect(data, "bucket", "the name of a bucket", lambda value: isinstance(value, str) and value != "")
    params = data.get("params") or {}
    for name in params:
        if name not in known:
            raise InputError(f"params.{name}: expected one of {', '.join(sorted(known))}")
    return Case(data.get("id"), data["topic"], data.get("bucket"), data["own"], data["policy"], params)


def _is_account(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{12}", value) is not None


def _expect(data: Mapping[str, Any], name: str, expected: str, check: Callable[[Any], bool]) -> None:
    if not check(data.get(name)):
        raise InputError(f"{name}: expected {expected}, found {_kind(data[name]) if name in data else 'nothing'}")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"`{value[:40]}`"
    names = {dict: "an object", list: "a list", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
