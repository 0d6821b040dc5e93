"""Reads what a proposal needs of each bucket, proposes, and asks the planner what would break; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from s3_guardrails.classification.callers import lets_everybody
from s3_guardrails.classification.cost import Cost, cost
from s3_guardrails.classification.data_class import DataClass
from s3_guardrails.classification.observed import takes_logs
from s3_guardrails.classification.propose import Case, Proposal, propose
from s3_guardrails.cli.account import Account
from s3_guardrails.cli.classify_files import Given
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.surroundings import Deliveries, read_surroundings
from s3_guardrails.remediate.around import Around
from s3_guardrails.remediate.foresee import Foreseen, foresee
from s3_guardrails.rule import Rule

FACTS: Final = (
    "tags",
    "policy",
    "default_encryption",
    "blocked_encryption_types",
    "default_key_manager",
    "access_logging",
    "logs_from",
)
AROUND: Final = (
    "website",
    "replication",
    "delivery_channels",
    "trails",
)
PUBLIC: Final = ("policy_is_public", "public_access_block", "account_public_access_block")


@dataclass(frozen=True, slots=True)
class Row:
    """A proposal, what speaks against its mode (nothing where the mode stays), and what KMS costs.

    The cost is of the mode proposed, of SSE-KMS with a customer managed key where none is, None where nobody knows.
    """

    proposal: Proposal
    foreseen: Foreseen
    cost: Cost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One account, the rule about default encryption with its parameters, the classes, and what files say."""

    account: Account
    rule: Rule[Any]
    classes: tuple[DataClass, ...]
    given: Given
    today: date
    deliveries: Deliveries

    def rows(self, buckets: Sequence[Bucket], concurrency: int) -> Iterator[Row]:
        """Yield one row for each bucket, in their order."""
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="classify")
        try:
            yield from pool.map(self.row, buckets)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def row(self, bucket: Bucket) -> Row:
        """Propose for one bucket; a service that does not answer leaves this one not known."""
        try:
            facts, surroundings = self._read(bucket)
        except LiveReadFailed as error:
            facts, surroundings = replace(bucket, policy=Unreadable("policy", str(error))), Surroundings()
        proposal = propose(
            Case(
                bucket=facts,
                surroundings=surroundings,
                tag=self.rule.parameters.data_class_tag,
                classes=self.classes,
                findings=self.given.findings.get(bucket.name, ()),
            )
        )
        return Row(proposal, self._foreseen(proposal, surroundings), self._cost(proposal))

    def _read(self, bucket: Bucket) -> tuple[Bucket, Surroundings]:
        reader, clients = self.account.readers[0], self.account.clients
        for name in (*FACTS, *(f"resolved_keys:{each}" for each in self._references)):
            bucket = reader.complete_bucket(bucket, name)
        if not bucket.region:
            return bucket, Surroundings()
        wanted = (*AROUND, *(PUBLIC if lets_everybody(bucket) else ()))
        found = read_surroundings(clients, reader.list_buckets, bucket, wanted, self.deliveries)
        if found.policy_is_public is True and isinstance(found.account_public_access_block, Unreadable):
            block = read_surroundings(clients, reader.list_buckets, bucket, PUBLIC[-1:])
            found = replace(found, account_public_access_block=block.account_public_access_block)
        found = replace(found, logs_from=bucket.logs_from)
        if takes_logs(bucket, found):
            bucket = reader.complete_bucket(bucket, "default_key_policy")
        return bucket, found

    @property
    def _references(self) -> tuple[str, ...]:
        approved = self.rule.parameters.approved_keys
        return tuple(dict.fromkeys(reference for each in approved for reference in each.references))

    def _foreseen(self, proposal: Proposal, surroundings: Surroundings) -> Foreseen:
        if proposal.data_class is None or proposal.mode is None or proposal.mode is proposal.present_mode:
            return Foreseen()
        around = Around(reader=self.account.readers[0], clients=self.account.clients, today=self.today)
        return foresee(around, self.rule, proposal.bucket, surroundings, proposal.data_class, proposal.mode)

    def _cost(self, proposal: Proposal) -> Cost | None:
        bucket = proposal.bucket
        if not bucket.region:
            return None
        mode = proposal.mode or EncryptionMode.SSE_KMS_CMK
        return cost(self.given.prices, bucket.partition, bucket.region, mode, self.given.requests.get(bucket.name))
