"""Facts about one general purpose bucket, as any reader delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s3_guardrails.encryption.default import ALGORITHMS, DefaultEncryption
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.policy.document import Policy

if TYPE_CHECKING:  # a question about uploads needs none of these, and every cold start would pay for them
    from s3_guardrails.encryption.access_log import AccessLogging, LogTarget
    from s3_guardrails.encryption.inventory import Inventory
    from s3_guardrails.encryption.usable_key import DefaultKey

__all__ = ["ALGORITHMS", "Bucket", "DefaultEncryption"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket. Every fact that was not obtained is Unreadable; none is guessed.

    `as_of`: epoch seconds at which the facts were read; requests before that do not count.
    `tags`: no tags is an empty mapping. `blocked_encryption_types`: the API's values (`SSE-C`, `NONE`).
    `default_key_manager`: `AWS` or `CUSTOMER`, Absent where the setting names no key.
    `resolved_keys`: what an alias (`alias/x`) or a tag (`tag:Key=Value`) stands for in the bucket's own account and
    Region, as key ARNs. `log_target`: where the server access logs go, for a bucket that has them. `logs_from`: names
    of the account's buckets whose server access logs come here.
    """

    name: str
    account: str
    region: str
    partition: str = "aws"
    as_of: float = 0.0
    tags: Mapping[str, str] | Unreadable = Unreadable("tags", "not read")
    default_encryption: DefaultEncryption | Unreadable = Unreadable("default_encryption", "not read")
    blocked_encryption_types: frozenset[str] | Unreadable = Unreadable("blocked_encryption_types", "not read")
    default_key_manager: str | Absent | Unreadable = Unreadable("default_key_manager", "not read")
    policy: Policy | Absent | Unreadable = Unreadable("policy", "not read")
    resolved_keys: Mapping[str, frozenset[str] | Unreadable] = field(default_factory=dict)
    website: bool | Unreadable = Unreadable("website", "not read")
    access_logging: AccessLogging | Absent | Unreadable = Unreadable("access_logging", "not read")
    log_target: LogTarget | Unreadable = Unreadable("log_target", "not read")
    logs_from: frozenset[str] | Unreadable = Unreadable("logs_from", "not read")
    inventories: tuple[Inventory, ...] | Unreadable = Unreadable("inventories", "not read")
    default_key: DefaultKey | Absent | Unreadable = Unreadable("default_key", "not read")
    default_key_policy: Policy | Absent | Unreadable = Unreadable("default_key_policy", "not read")

    @property
    def arn(self) -> str:
        """The ARN, in the bucket's partition."""
        return f"arn:{self.partition}:s3:::{self.name}"

    def keys_of(self, reference: str) -> frozenset[str]:
        """Return the ARNs that an alias or tag stands for; raise UnreadableFact (`resolved_keys:…`) if not resolved."""
        arns = self.resolved_keys.get(reference, Unreadable(f"resolved_keys:{reference}", "not resolved"))
        if isinstance(arns, Unreadable):
            raise UnreadableFact(f"resolved_keys:{reference}", arns.reason)
        return arns
