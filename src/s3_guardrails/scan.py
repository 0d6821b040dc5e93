"""Judges resources of one account: several at once, each fact read once, one resource's trouble is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.classified import UNCLASSIFIED
from s3_guardrails.decision import Decision, Verdict, undetermined
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.rule import BucketRule, KeyRule, Rule

Resource = Bucket | Key
Excusing = Callable[[Decision, str, Resource], Decision]
"""A decision by a rule about a resource → the decision with the exemption that it is shown with."""

RESOURCE_TYPES: Final = {Bucket: BucketRule.resource_type, Key: KeyRule.resource_type}


def as_it_is(decision: Decision, rule: str, resource: Resource) -> Decision:  # noqa: ARG001  # an Excusing
    """Excuse nothing."""
    return decision


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's decision about one resource, as it is now."""

    rule: Rule[Any]
    resource: Resource
    decision: Decision

    @property
    def name(self) -> str:
        """The rule's name."""
        return type(self.rule).__name__

    @property
    def resource_id(self) -> str:
        """What AWS Config calls the resource: the bucket's name, or the key's id."""
        return self.resource.name if isinstance(self.resource, Bucket) else self.resource.key_id

    @property
    def unclassified(self) -> bool:
        """Was the resource judged without knowing its data class?"""
        return any(each.code == UNCLASSIFIED for each in self.decision.advisories)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: rule, severity, the resource, then the decision's fields."""
        return {
            "rule": self.name,
            "severity": self.rule.severity.value,
            "resource_type": self.rule.resource_type,
            "resource_id": self.resource_id,
            "arn": self.resource.arn,
            "account": self.resource.account,
            "region": self.resource.region,
            **self.decision.as_json(),
        }


@dataclass(slots=True)
class Subject:
    """One resource while it is judged: what one rule had read, the next one finds."""

    resource: Resource
    reader: LiveReader
    excuse: Excusing = as_it_is
    asked: dict[str, LiveReadFailed | None] = field(default_factory=dict)

    def complete(self, _: Resource, fact: str) -> Resource:
        """Return the resource with the named fact read; it is read at most once, whoever asks, and fails for all."""
        if fact not in self.asked:
            self.asked[fact] = self._read(fact)
        if failure := self.asked[fact]:
            raise failure
        return self.resource

    def judge(self, rules: Sequence[Rule[Any]], also: Sequence[str] = ()) -> list[Finding]:
        """Let every rule that is about such resources decide; `also`: facts to read of what is broken besides."""
        about = [rule for rule in rules if rule.resource_type == RESOURCE_TYPES[type(self.resource)]]
        decided = [(rule, self._decide(rule)) for rule in about]
        if any(decision.verdict is Verdict.NON_COMPLIANT or decision.excuse for _, decision in decided):
            self._read_also(also)
        return [Finding(rule, self.resource, decision) for rule, decision in decided]

    def _read_also(self, facts: Sequence[str]) -> None:
        """Read facts that no verdict rests on; one that cannot be read stays unreadable."""
        for fact in facts:
            if isinstance(getattr(self.resource, fact), Unreadable):
                with suppress(LiveReadFailed):
                    self.complete(self.resource, fact)

    def _read(self, fact: str) -> LiveReadFailed | None:
        try:
            self.resource = _complete(self.reader, self.resource, fact)
        except LiveReadFailed as error:
            return error
        return None

    def _decide(self, rule: Rule[Any]) -> Decision:
        try:
            return self.excuse(rule.judge(self.resource, self.complete), type(rule).__name__, self.resource)
        except LiveReadFailed as error:
            return undetermined("LIVE_READ_FAILED", f"reading it failed: {error}")
        except Exception as error:  # noqa: BLE001  # a defect of a rule costs this resource its verdict, not the scan
            return undetermined("RULE_FAILED", f"the rule failed: {type(error).__name__}: {error}")


def scan(
    reader: LiveReader,
    resources: Sequence[Resource],
    rules: Sequence[Rule[Any]],
    concurrency: int,
    excuse: Excusing = as_it_is,
    also: Sequence[str] = (),
) -> Iterator[list[Finding]]:
    """Yield each resource's findings, in the order of the resources; `also`: facts to read of what is broken."""

    def judge(resource: Resource) -> list[Finding]:
        return Subject(resource, reader, excuse).judge(rules, also)

    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="scan")
    try:
        yield from pool.map(judge, resources)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for what is under way


def _complete(reader: LiveReader, resource: Resource, fact: str) -> Resource:
    if isinstance(resource, Bucket):
        return reader.complete_bucket(resource, fact)
    return reader.complete_key(resource, fact)
