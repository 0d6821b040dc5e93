"""Which buckets and keys a command is about: all of the account, or those that were named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final

from s3_guardrails.cli.account import Account
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError, LiveReadFailed
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.rule import BucketRule, KeyRule
from s3_guardrails.scan import Resource

Batch = tuple[LiveReader, Sequence[Resource]]

_KEY_ID: Final = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_ALIAS: Final = re.compile(r"(arn:[^:]+:kms:[^:]+:[0-9]{12}:)?(?P<alias>alias/.+)")
_BUCKET_ARN: Final = re.compile(r"arn:(?P<partition>[^:]+):s3:::(?P<name>[^/]+)")
_KMS_ARN: Final = re.compile(r"arn:(?P<partition>[^:]+):kms:(?P<region>[^:]+):(?P<account>[0-9]{12}):.+")


def targets(
    account: Account, types: Collection[str], buckets: Sequence[str], keys: Sequence[str], failures: list[str]
) -> list[Batch]:
    """Return what to judge, with the reader for it; raise InputError for a name that the account does not have.

    Naming buckets or keys leaves the other kind out, unless it is named too. A listing that fails is told in
    `failures` and costs its part only.
    """
    buckets, keys = tuple(dict.fromkeys(buckets)), tuple(dict.fromkeys(keys))
    for name in keys:
        _expect_home(name, account.readers)
    batches: list[Batch] = []
    everything = not (buckets or keys)
    if BucketRule.resource_type in types and (buckets or everything):
        batches += _batches(account.readers[:1], lambda reader: _buckets(reader, buckets), failures)
    if KeyRule.resource_type in types and (keys or everything):
        batches += (found := _batches(account.readers, lambda reader: _keys(reader, keys), failures))
        missing = [name for name in keys if not any(_is(name, key, reader) for reader, of in found for key in of)]
        if missing and not failures:
            raise InputError(f"key `{missing[0]}`: not found in account {account.id}, {', '.join(account.regions)}")
    if not (batches or failures):
        raise InputError("nothing to judge: the rules chosen are not about the resources chosen")
    return batches


def region_of(target: str) -> str | None:
    """Return the Region that the ARN of a key or alias names."""
    found = _KMS_ARN.fullmatch(target)
    return found["region"] if found else None


def find(reader: LiveReader, target: str) -> Resource:
    """Return the bucket or key that a name, id, ARN or alias means, with nothing read; raise InputError."""
    _expect_home(target, [reader])
    if _ALIAS.fullmatch(target):
        arns = _resolve(reader, target)
        if not arns:
            raise InputError(f"alias `{target}`: not found in account {reader.account}, {reader.region}")
        return reader.key(min(arns))
    if _KEY_ID.fullmatch(target) or _KMS_ARN.fullmatch(target):
        key = reader.key(target)
        if not _may_exist(key, reader):
            raise InputError(f"key `{target}`: not found in account {reader.account}, {reader.region}")
        return key
    arn = _BUCKET_ARN.fullmatch(target)
    if target.startswith("arn:") and (arn is None or arn["partition"] != reader.partition):
        raise InputError(f"`{target}`: expected the ARN of a bucket or key, in partition {reader.partition}")
    return _buckets(reader, [arn["name"] if arn else target])[0]


def _expect_home(name: str, readers: Sequence[LiveReader]) -> None:
    """Refuse an ARN of elsewhere: the account's own key of that name is another one."""
    arn = _KMS_ARN.fullmatch(name)
    homes = {(reader.partition, reader.region, reader.account) for reader in readers}
    if arn and (arn["partition"], arn["region"], arn["account"]) not in homes:
        regions = ", ".join(reader.region for reader in readers)
        where = f"account {readers[0].account}, {regions}, partition {readers[0].partition}"
        raise InputError(f"key `{name}`: expected an ARN of {where}")


def _may_exist(key: Key, reader: LiveReader) -> bool:
    """Look the key up in the listing; who may not list may still read the one key."""
    try:
        return key.arn in {each.arn for each in reader.list_keys()}
    except LiveReadFailed:
        return True


def _batches(
    readers: Sequence[LiveReader], read: Callable[[LiveReader], Sequence[Resource]], failures: list[str]
) -> list[Batch]:
    batches: list[Batch] = []
    for reader in readers:
        try:
            batches.append((reader, read(reader)))
        except LiveReadFailed as error:
            failures.append(f"{reader.region}: {error}")
    return batches


def _buckets(reader: LiveReader, names: Sequence[str]) -> Sequence[Bucket]:
    by_name = {bucket.name: bucket for bucket in reader.list_buckets()}
    for name in names:
        if name not in by_name:
            raise InputError(f"bucket `{name}`: not found among the {len(by_name)} of account {reader.account}")
    return [by_name[name] for name in names or by_name]


def _keys(reader: LiveReader, names: Sequence[str]) -> Sequence[Key]:
    return [key for key in reader.list_keys() if not names or any(_is(name, key, reader) for name in names)]


def _is(name: str, key: Resource, reader: LiveReader) -> bool:
    if (region_of(name) or reader.region) != reader.region:
        return False
    if _ALIAS.fullmatch(name):
        return key.arn in _resolve(reader, name)
    return isinstance(key, Key) and name in {key.key_id, key.arn}


def _resolve(reader: LiveReader, name: str) -> frozenset[str]:
    alias = _ALIAS.fullmatch(name)
    arns = reader.resolver.resolve(alias["alias"] if alias else name, reader.region)
    if isinstance(arns, Unreadable):
        raise LiveReadFailed(f"ListAliases: {arns.reason}")
    return arns
