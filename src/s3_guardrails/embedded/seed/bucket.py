"""What a bucket of the demo is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.embedded.seed.statement import Statement
from s3_guardrails.embedded.seed.who import key_arn


class Recorded(StrEnum):
    """How AWS Config comes to tell of a bucket."""

    PUSHED = "its item is pushed"
    ANNOUNCED = "its item is too large: announced, and read from the history"
    BEFORE_2023 = "its item is from before 2023 and says nothing of encryption"
    DELETED = "its deletion is pushed"


@dataclass(frozen=True, slots=True)
class Default:
    """The default encryption that the bucket is given."""

    algorithm: str = "AES256"
    key: str | None = None
    bucket_key: bool = False

    def as_rule(self) -> dict[str, Any]:
        """Return it as PutBucketEncryption takes it."""
        named = {"KMSMasterKeyID": self.key} if self.key else {}
        rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": self.algorithm, **named}}
        return {**rule, "BucketKeyEnabled": True} if self.bucket_key else rule


SSE_S3: Final = Default()
AWS_MANAGED: Final = Default("aws:kms")
"""SSE-KMS without a key: the AWS managed key."""


def kms(key: str, *, bucket_key: bool = True) -> Default:
    """Return SSE-KMS with one of the account's keys, by its ARN."""
    return Default("aws:kms", key_arn(key), bucket_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSeed:
    """One bucket and why it exists.

    `data_class` is the value of the tag `data-class`. `sse_c`: `blocked` and `allowed` set the bucket's blocked
    encryption types, `untouched` leaves them as they are. `one_object`: the only statement is not in a list.
    `policy_text`: a text that S3 would no longer accept.
    `refused`: operations that our role may not call on it. `logs_to`: the target of its access logs. `inventory`: how
    its inventory differs from one of everything, None where it has none.
    """

    name: str
    why: str
    data_class: str | None = None
    default: Default = SSE_S3
    sse_c: str = "blocked"
    statements: tuple[Statement, ...] = ()
    one_object: bool = False
    policy_text: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    website: bool = False
    refused: tuple[str, ...] = ()
    logs_to: str | None = "acme-access-logs"
    inventory: Mapping[str, Any] | None = field(default_factory=dict)
    recorded: Recorded = Recorded.PUSHED

    def policy(self) -> str | None:
        """Return the bucket policy as it is put, None where there is none."""
        if not self.statements:
            return self.policy_text
        statement: Any = self.statements[0] if self.one_object else self.statements
        return json.dumps({"Version": "2012-10-17", "Statement": statement})

    def all_tags(self) -> dict[str, str]:
        """Return the tags, the data class among them."""
        return {**({"data-class": self.data_class} if self.data_class else {}), **self.tags}
