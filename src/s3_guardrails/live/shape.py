"""AWS's JSON → facts: the shapes that API answers and configuration items share, in either casing.

APIs write `SSEAlgorithm`, configuration items `sseAlgorithm`, and `kmsMasterKeyID` is seen in three spellings: names of
elements are compared without regard to case. Whatever is not as expected raises UnreadableFact with its path; nothing
is guessed. Sources: service models of S3 and KMS in botocore 1.44; captured configuration items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.errors import PolicySyntaxError, UnreadableFact

T = TypeVar("T")

MAX_REASON: Final = 200
"""Characters of a reason; it may quote a document or a service's message."""


def first_line(text: str) -> str:
    """Return the first line of a message, bounded."""
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


def fact(name: str, read: Callable[[], T]) -> T | Unreadable:
    """Return what `read` returns, or Unreadable with what it found malformed."""
    try:
        return read()
    except UnreadableFact as error:
        return Unreadable(name, first_line(error.reason))
    except PolicySyntaxError as error:
        return Unreadable(name, first_line(str(error)))


def element(source: Mapping[str, Any], name: str) -> Any:
    """Return an element whatever its casing: its value, None where it is null, ABSENT where it is not there."""
    if name in source:
        return source[name]
    return next((value for key, value in source.items() if key.lower() == name.lower()), ABSENT)


def default_encryption(configuration: Any, path: str) -> DefaultEncryption:
    """Read a ServerSideEncryptionConfiguration; raise UnreadableFact where no entry, or several, name a default.

    An entry may lack ApplyServerSideEncryptionByDefault: one that only blocks encryption types is valid.
    """
    name = "default_encryption"
    found = {
        _setting(name, place, by_default, element(rule, "BucketKeyEnabled"))
        for place, rule in _rules(name, configuration, path)
        if (by_default := element(rule, "ApplyServerSideEncryptionByDefault")) not in (None, ABSENT)
    }
    if len(found) != 1:
        raise UnreadableFact(name, f"{path}.Rules: expected one default, found {len(found)}")
    return found.pop()


def blocked_encryption_types(configuration: Any, path: str) -> frozenset[str] | None:
    """Read the encryption types that are blocked (`SSE-C`, `NONE`); None where no entry says anything about it."""
    name = "blocked_encryption_types"
    said = [
        _types(name, place, blocked)
        for place, rule in _rules(name, configuration, path)
        if (blocked := element(rule, "BlockedEncryptionTypes")) not in (None, ABSENT)
    ]
    types = frozenset[str]().union(*said)
    if "NONE" in types and len(types) > 1:
        raise UnreadableFact(name, f"{path}.Rules: `NONE` beside other types")
    return types if said else None


def tags(value: Any, path: str) -> dict[str, str]:
    """Read tags as a mapping, or as a list of `{Key, Value}` or `{TagKey, TagValue}`."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [_tag(f"{path}[{index}]", each) for index, each in enumerate(value)]
    else:
        raise UnreadableFact("tags", f"{path}: expected a mapping or a list, found {kind(value)}")
    for key, text in pairs:
        if not (isinstance(key, str) and isinstance(text, str)):
            raise UnreadableFact("tags", f"{path}: expected keys and values as strings")
    read = dict(pairs)
    if len(read) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise UnreadableFact("tags", f"{path}: the key `{repeated}` is repeated")
    return read


def key_metadata(value: Any, key_id: str, path: str) -> KeyMetadata:
    """Read DescribeKey's KeyMetadata or the configuration of a key's item."""
    source = _mapping("metadata", path, value)
    newer = element(source, "KeySpec") not in (None, ABSENT)
    spec = _text("metadata", path, source, "KeySpec" if newer else "CustomerMasterKeySpec")
    implied = spec == "SYMMETRIC_DEFAULT" and element(source, "KeyUsage") in (None, ABSENT)
    multi_region, primary = _multi_region(source, key_id, path)
    return KeyMetadata(
        manager=_text("metadata", path, source, "KeyManager"),
        state=_text("metadata", path, source, "KeyState"),
        spec=spec,
        # a symmetric key has no other usage (KMS API reference, CreateKey), and some emulations leave it out
        usage="ENCRYPT_DECRYPT" if implied else _text("metadata", path, source, "KeyUsage"),
        origin=_text("metadata", path, source, "Origin"),
        multi_region=multi_region,
        primary_arn=primary,
        expires=_moment(path, element(source, "ValidTo")),
    )


def _moment(path: str, value: Any) -> float | None:
    """Return epoch seconds of a time as the SDK or a configuration item gives it."""
    if value in (None, ABSENT):
        return None
    if isinstance(value, datetime):
        return value.timestamp()
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        raise UnreadableFact("metadata", f"{path}.ValidTo: expected a time, found {kind(value)}") from None


def kind(value: Any) -> str:
    """Name the kind of a JSON value for a message."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", int: "a number"}
    return "null" if value is None else "nothing" if value is ABSENT else names.get(type(value), "another value")


def _rules(name: str, configuration: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rules = element(_mapping(name, path, configuration), "Rules")
    if not isinstance(rules, list):
        raise UnreadableFact(name, f"{path}.Rules: expected a list, found {kind(rules)}")
    for index, rule in enumerate(rules):
        place = f"{path}.Rules[{index}]"
        yield place, _mapping(name, place, rule)


def _setting(name: str, path: str, by_default: Any, bucket_key: Any) -> DefaultEncryption:
    place = f"{path}.ApplyServerSideEncryptionByDefault"
    source = _mapping(name, place, by_default)
    key = element(source, "KMSMasterKeyID")
    if not (key in (None, ABSENT) or isinstance(key, str)):
        raise UnreadableFact(name, f"{place}.KMSMasterKeyID: expected a string or null, found {kind(key)}")
    if not (bucket_key in (None, ABSENT) or isinstance(bucket_key, bool)):
        raise UnreadableFact(name, f"{path}.BucketKeyEnabled: expected true or false, found {kind(bucket_key)}")
    algorithm = _text(name, place, source, "SSEAlgorithm")
    return DefaultEncryption(algorithm, key if isinstance(key, str) and key else None, bucket_key is True)


def _types(name: str, path: str, blocked: Any) -> frozenset[str]:
    """Read `{"EncryptionType": ["SSE-C"]}`, or the bare list."""
    types = element(blocked, "EncryptionType") if isinstance(blocked, Mapping) else blocked
    types = [types] if isinstance(types, str) else types
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        raise UnreadableFact(name, f"{path}.BlockedEncryptionTypes: expected a list of strings, found {kind(types)}")
    return frozenset(types)


def _tag(path: str, entry: Any) -> tuple[Any, Any]:
    source = _mapping("tags", path, entry)
    for key, value in (("Key", "Value"), ("TagKey", "TagValue")):
        if element(source, key) is not ABSENT:
            return element(source, key), element(source, value)
    raise UnreadableFact("tags", f"{path}: expected Key and Value, or TagKey and TagValue")


def _multi_region(source: Mapping[str, Any], key_id: str, path: str) -> tuple[str | None, str | None]:
    """Tell primary, replica and single-Region keys apart; only multi-Region keys have ids that begin with `mrk-`."""
    configuration = element(source, "MultiRegionConfiguration")
    if configuration in (None, ABSENT):
        if element(source, "MultiRegion") is True or key_id.startswith("mrk-"):
            raise UnreadableFact("metadata", f"{path}.MultiRegionConfiguration: expected an object, found nothing")
        return None, None
    place = f"{path}.MultiRegionConfiguration"
    read = _mapping("metadata", place, configuration)
    primary = element(read, "PrimaryKey")
    arn = _text("metadata", f"{place}.PrimaryKey", _mapping("metadata", f"{place}.PrimaryKey", primary), "Arn")
    return _text("metadata", place, read, "MultiRegionKeyType"), arn


def _mapping(name: str, path: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableFact(name, f"{path}: expected an object, found {kind(value)}")
    return value


def _text(name: str, path: str, source: Mapping[str, Any], wanted: str) -> str:
    value = element(source, wanted)
    if not isinstance(value, str) or not value:
        raise UnreadableFact(name, f"{path}.{wanted}: expected a string, found {kind(value)}")
    return value
