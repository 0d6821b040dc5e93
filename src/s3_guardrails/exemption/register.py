"""All exemptions of an organization as one JSON document: how it is written, read back, and what it is signed over.

Reading is strict, since whoever reads it acts on it: a record that is not understood makes the whole register
unreadable, so that no scope is ever wider than it was written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.exemption.record import Exemption, Scope
from s3_guardrails.policy.strict_json import strict_json

FORMAT: Final = 1
MAX_BYTES: Final = 4 << 20
"""A record takes some 500 bytes; more than this is refused unread."""
SIGNING_ALGORITHM: Final = "ECDSA_SHA_256"

VERDICTS: Final = (Verdict.NON_COMPLIANT, Verdict.NOT_APPLICABLE)
"""What an exempted finding may be shown as; COMPLIANT it never is."""

_FORMS: Final = {
    "id": r"[A-Z]{1,8}-[0-9]{1,8}",
    "rule": r"(S3|KMS)_[A-Z0-9_]{1,120}",
    "owner": r"[^\s,;]{1,128}",
    "created": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "expires": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_SCOPES: Final = {
    "account": r"[0-9]{12}",
    "region": r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}",
    "bucket": r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]",
    "key": r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    "prefix": r"[^*?\x00-\x1f]{1,1023}/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The exemptions, and as what an exempted finding is shown.

    `sha256` says which register it is; `published`: the UTC day on which it was put where it was read.
    """

    exemptions: tuple[Exemption, ...] = ()
    verdict: Verdict = Verdict.NON_COMPLIANT
    sha256: str = ""
    published: date | None = None

    def of(self, rule: str, resource: Bucket | Key) -> Iterator[Exemption]:
        """Yield those about the resource or a part of it, the one that ends last first."""
        found = (each for each in self.exemptions if each.rule == rule and each.scope.is_about(resource))
        yield from sorted(found, key=lambda each: (each.expires, each.id), reverse=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """A register's text as it lies in S3; `signature` (base64, by the key of that ARN) is over the text's SHA-256."""

    text: str
    signature: str | None = None
    key: str | None = None

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        return hashlib.sha256(self.text.encode()).digest()

    def dumps(self) -> str:
        """Return the object's content; the same for the same register and signature."""
        return json.dumps({"register": self.text, "signature": self.signature, "key": self.key}, indent=1) + "\n"


def text_of(exemptions: Iterable[Exemption], verdict: Verdict) -> str:
    """Return the canonical text of a register: the same for the same exemptions, in whatever order they come."""
    records = [_record(each) for each in sorted(exemptions, key=lambda each: each.id)]
    whole = {"format": FORMAT, "verdict": verdict.value, "exemptions": records}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read_signed(data: bytes) -> Signed:
    """Read an object's content; raise InputError."""
    whole = _json(data, "exemptions")
    text, signature, key = (whole.get(name) for name in ("register", "signature", "key"))
    if not isinstance(text, str) or not all(isinstance(each, str | None) for each in (signature, key)):
        raise InputError("exemptions: expected `register`, `signature` and `key`")
    return Signed(text, signature, key)


def read_register(text: str) -> Register:
    """Read a register's text; raise InputError where any record is not one."""
    whole = _json(text.encode("utf-8", "surrogatepass"), "register")
    if set(whole) != {"format", "verdict", "exemptions"} or whole["format"] != FORMAT:
        raise InputError(f"register: expected the format {FORMAT} with `verdict` and `exemptions`")
    if whole["verdict"] not in VERDICTS:
        raise InputError(f"register.verdict: expected one of {', '.join(VERDICTS)}")
    if not isinstance(whole["exemptions"], list):
        raise InputError("register.exemptions: expected a list")
    found = tuple(_exemption(each, f"register.exemptions[{index}]") for index, each in enumerate(whole["exemptions"]))
    if len({each.id for each in found}) != len(found):
        raise InputError("register.exemptions: expected each id once")
    return Register(
        exemptions=found, verdict=Verdict(whole["verdict"]), sha256=hashlib.sha256(text.encode()).hexdigest()
    )


def _record(each: Exemption) -> dict[str, Any]:
    scope = {name: value for name in _SCOPES if (value := getattr(each.scope, name)) is not None}
    return {
        "id": each.id,
        "rule": each.rule,
        "scope": scope,
        "owner": each.owner,
        "created": each.created.isoformat(),
        "expires": each.expires.isoformat(),
    }


def _exemption(value: Any, place: str) -> Exemption:
    told = _texts(value, _FORMS, place, frozenset(_FORMS), also=frozenset({"scope"}))
    scope = _texts(value["scope"], _SCOPES, f"{place}.scope", frozenset({"account", "region"}))
    if ("bucket" in scope) == ("key" in scope) or ("prefix" in scope and "key" in scope):
        raise InputError(f"{place}.scope: expected one bucket, perhaps with a prefix, or one key")
    created, expires = (_day(told[name], f"{place}.{name}") for name in ("created", "expires"))
    if expires <= created:
        raise InputError(f"{place}.expires: expected a day after `created`")
    return Exemption(
        id=told["id"], rule=told["rule"], owner=told["owner"], scope=Scope(**scope), created=created, expires=expires
    )


def _texts(
    value: Any, forms: Mapping[str, str], place: str, wanted: frozenset[str], also: frozenset[str] = frozenset()
) -> dict[str, str]:
    if not isinstance(value, dict) or not wanted | also <= set(value) <= set(forms) | also:
        raise InputError(f"{place}: expected {', '.join(sorted(wanted | also))}")
    for name in set(value) - also:
        if not isinstance(value[name], str) or not re.fullmatch(forms[name], value[name]):
            raise InputError(f"{place}.{name}: not what it must be")
    return {name: value[name] for name in value if name not in also}


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{place}: expected a day as YYYY-MM-DD") from None


def _json(data: bytes, place: str) -> Any:
    if len(data) > MAX_BYTES:
        raise InputError(f"{place}: expected at most {MAX_BYTES} bytes")
    try:
        whole = strict_json(data.decode("utf-8"), MAX_BYTES)
    except (PolicySyntaxError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: not JSON: {error}") from None
    if not isinstance(whole, dict):
        raise InputError(f"{place}: expected an object")
    return whole
