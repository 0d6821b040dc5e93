"""What a reference to keys stands for in one account and Region: `alias/x`, `tag:Key=Value`, or a bucket's setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.live import shape
from s3_guardrails.live.call import Once, answer, gather, whole
from s3_guardrails.live.clients import Clients

AWS_S3_ALIAS: Final = "alias/aws/s3"
"""The AWS managed key that S3 uses where a setting asks for KMS and names no key."""


class Resolver:
    """Resolves references in the account that the clients belong to; each Region's aliases and tags are read once."""

    def __init__(self, clients: Clients, account: str, partition: str) -> None:
        """Read nothing yet."""
        self._clients, self._account, self._partition = clients, account, partition
        self._aliases: Once[str, Mapping[str, str] | Unreadable] = Once()
        self._keys: Once[str, tuple[str, ...] | Unreadable] = Once()
        self._tags: Once[str, Mapping[str, Mapping[str, str]] | Unreadable] = Once()

    def resolve(self, reference: str, region: str) -> frozenset[str] | Unreadable:
        """Return the key ARNs that `alias/x` or `tag:Key=Value` stands for; none if nothing bears it."""
        name = f"resolved_keys:{reference}"
        if reference.startswith("alias/"):
            aliases = self.aliases(region)
            if isinstance(aliases, Unreadable):
                return Unreadable(name, aliases.reason)
            return frozenset({aliases[reference]} if reference in aliases else ())
        kind, _, pair = reference.partition(":")
        key, equals, value = pair.partition("=")
        if not (kind == "tag" and key and equals):
            return Unreadable(name, "expected `alias/name` or `tag:Key=Value`")
        tags = self._tags.get(region, lambda: self._read_tags(region))
        if isinstance(tags, Unreadable):
            return Unreadable(name, tags.reason)
        return frozenset(arn for arn, of_key in tags.items() if of_key.get(key) == value)

    def aliases(self, region: str) -> Mapping[str, str] | Unreadable:
        """Return alias name → key ARN of a Region; names that AWS reserved and no key has yet are left out."""
        return self._aliases.get(region, lambda: self._read_aliases(region))

    def keys(self, region: str) -> tuple[str, ...] | Unreadable:
        """Return the ARNs of the account's keys in a Region."""
        return self._keys.get(region, lambda: self._read_keys(region))

    def arn_of(self, setting: str | None, region: str) -> str | Unreadable | None:
        """Return the ARN of the key that a bucket's setting leads to, None where it leads to no key of the account."""
        named = setting or AWS_S3_ALIAS
        alias = named.rsplit(":", 1)[-1] if ":alias/" in named else named
        if not alias.startswith("alias/"):
            return named if named.startswith("arn:") else self._arn(region, named)
        if named.startswith("arn:") and named != f"arn:{self._partition}:kms:{region}:{self._account}:{alias}":
            return None
        aliases = self.aliases(region)
        return Unreadable("aliases", aliases.reason) if isinstance(aliases, Unreadable) else aliases.get(alias)

    def _read_aliases(self, region: str) -> Mapping[str, str] | Unreadable:
        def ask() -> dict[str, str]:
            pages = self._clients.kms(region).get_paginator("list_aliases").paginate()
            return {
                each["AliasName"]: self._arn(region, each["TargetKeyId"])
                for page in whole(pages)
                for each in page["Aliases"]
                if "TargetKeyId" in each
            }

        return answer("aliases", ask)

    def _read_keys(self, region: str) -> tuple[str, ...] | Unreadable:
        def ask() -> tuple[str, ...]:
            pages = self._clients.kms(region).get_paginator("list_keys").paginate()
            arns = tuple(each["KeyArn"] for page in whole(pages) for each in page["Keys"])
            if not all(isinstance(arn, str) for arn in arns):
                raise UnreadableFact("keys", "KeyArn: expected a string")
            return arns

        return answer("keys", ask)

    def _read_tags(self, region: str) -> Mapping[str, Mapping[str, str]] | Unreadable:
        """Read the tags of every key; one key whose tags are closed to us leaves open what a tag stands for."""
        arns = self.keys(region)
        if isinstance(arns, Unreadable):
            return arns
        found: dict[str, Mapping[str, str]] = {}
        for arn, tags in zip(arns, gather(lambda arn: read_tags(self._clients, region, arn), arns), strict=True):
            if isinstance(tags, Unreadable):
                return Unreadable("tags", shape.first_line(f"tags of {arn}: {tags.reason}"))
            found[arn] = tags
        return found

    def _arn(self, region: str, key_id: str) -> str:
        return f"arn:{self._partition}:kms:{region}:{self._account}:key/{key_id}"


def read_tags(clients: Clients, region: str, key: str) -> Mapping[str, str] | Unreadable:
    """Read the tags of one key with ListResourceTags, paginated."""

    def ask() -> dict[str, str]:
        pages = clients.kms(region).get_paginator("list_resource_tags").paginate(KeyId=key)
        return shape.tags([each for page in whole(pages) for each in page["Tags"]], "Tags")

    return answer("tags", ask)
