"""Scan one account of a fleet live: its buckets wherever they are, its keys in the Regions chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3_guardrails.deploy.fleet_cause import cause_of, gap
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.fleet.cause import Cause
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.notice import Notice
from s3_guardrails.fleet.report import Looked
from s3_guardrails.fleet.row import DataClass, Row, class_of
from s3_guardrails.live.call import gather
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.rule import BucketRule, KeyRule, Rule
from s3_guardrails.scan import Excusing, Finding, Resource, Subject, as_it_is

ELSEWHERE = frozenset({Cause.CREDENTIALS_REFUSED, Cause.REGION_NOT_ENABLED, Cause.UNREACHABLE})
"""Causes for which another Region may still list the buckets."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What is looked at in every account. `class_tag`: key of the tag that names a data class.

    `excuse` shows a finding with its exemption.
    """

    rules: Sequence[Rule[Any]]
    regions: tuple[str, ...]
    partition: str
    home: str
    class_tag: str
    excuse: Excusing = as_it_is

    def look(self, member: Member, clients: Clients) -> Looked:
        """Judge an account; several resources or Regions at once."""
        readers = [LiveReader(clients, member.id, region, self.partition) for region in self.regions]
        types = {rule.resource_type for rule in self.rules}
        parts: list[list[Row] | Notice] = []
        if BucketRule.resource_type in types:
            parts.append(self._buckets(member, clients, readers))
        if KeyRule.resource_type in types:
            parts += gather(lambda reader: self._keys(member, clients, reader), readers)
        rows = [row for part in parts if not isinstance(part, Notice) for row in part]
        notices = [part for part in parts if isinstance(part, Notice)]
        return Looked(member, rows, notices, entered=len(notices) < len(parts))

    def _buckets(self, member: Member, clients: Clients, readers: Sequence[LiveReader]) -> list[Row] | Notice:
        """Judge the buckets that the first Region lists which answers."""
        reason, where = "", readers[0].region
        for reader in readers:
            try:
                buckets = reader.list_buckets()
            except LiveReadFailed as error:
                reason, where = str(error), reader.region
                if cause_of(reason) not in ELSEWHERE:
                    break
            else:
                return [row for each in gather(self._judge(reader), buckets) for row in each]
        return gap(member, clients, where, self.home, reason)

    def _keys(self, member: Member, clients: Clients, reader: LiveReader) -> list[Row] | Notice:
        try:
            keys = reader.list_keys()
        except LiveReadFailed as error:
            return gap(member, clients, reader.region, self.home, str(error))
        judge = self._judge(reader)
        return [row for key in keys for row in judge(key)]

    def _judge(self, reader: LiveReader) -> Callable[[Resource], list[Row]]:
        def judge(resource: Resource) -> list[Row]:
            subject = Subject(resource, reader, self.excuse)
            findings = subject.judge(self.rules)
            data_class = _class(subject, findings, self.class_tag)
            return [_row(each, data_class, subject.resource.tags) for each in findings]

        return judge


def _class(subject: Subject, findings: Sequence[Finding], tag: str) -> DataClass:
    """Read the tags, if no rule did."""
    if not findings:
        return None
    if isinstance(subject.resource.tags, Unreadable):
        try:
            subject.complete(subject.resource, "tags")
        except LiveReadFailed as error:
            return Unreadable("tags", str(error))
    return class_of(findings[0].rule.resource_type, subject.resource.tags, tag)


def _row(finding: Finding, data_class: DataClass, tags: Mapping[str, str] | Unreadable) -> Row:
    """Keep what is told of a finding, and neither policies nor evidence: a fleet has many."""
    decision, resource = finding.decision, finding.resource
    return Row(
        account=resource.account,
        region=resource.region,
        rule=finding.name,
        resource_type=finding.rule.resource_type,
        resource_id=finding.resource_id,
        verdict=decision.verdict,
        codes=decision.codes,
        data_class=data_class,
        reason=decision.reasons[0].sentence,
        exemption=decision.excuse.sentence if decision.excuse else "",
        exempt=decision.excuse is not None and decision.excuse.holds,
        tags=tags,
    )
