"""Large fleets without AWS: `python bench/fleet.py [ACCOUNTS [REGIONS]]`.

Counting, as multiples of a plain loop and in memory; how much faster accounts are looked at than one after the other,
with calls that take a while; and what clients of many accounts cost, because each account needs its own.
"""

import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zlib import crc32

import boto3
from measure import loop, seconds

from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.enter import _session
from s3_guardrails.deploy.fleet_walk import walk
from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Item, Results
from s3_guardrails.fleet.freshness import Freshness
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.report import Looked, Report, Source
from s3_guardrails.fleet.results import rows_of
from s3_guardrails.live.clients import Clients, SessionClients
from s3_guardrails.rule import Trigger

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULES = [f"S3_RULE_{number}" for number in range(5)]
BUCKETS = 6
"""In each account and Region."""
LATENCY = 0.02
"""Seconds of a call."""
CALLS = 20
"""One after the other in an account."""


def results(account: str, region: str, wrong: int) -> Results:
    """Every rule about every bucket; `wrong` of a hundred are broken."""
    names = [("AWS::S3::Bucket", f"bucket-{account}-{region}-{number}") for number in range(BUCKETS)]

    def of(rule: str) -> DeployedRule:
        found = tuple(
            Evaluation(name, _compliance(f"{rule}{name}", wrong), "TLS_NOT_REQUIRED: it is not", NOW, NOW)
            for name in names
        )
        return DeployedRule(rule, rule, Trigger.CHANGE, "AWS::S3::Bucket", ABSENT, found)

    items = {name: Item(NOW - timedelta(days=1), {"data-class": "internal"}) for name in names}
    return Results(account, region, tuple(of(rule) for rule in RULES), items, "data-class")


def _compliance(seed: str, wrong: int) -> str:
    return Verdict.NON_COMPLIANT.value if crc32(seed.encode()) % 100 < wrong else Verdict.COMPLIANT.value


def counted(accounts: int, regions: int, wrong: int) -> Report:
    """Make a report as `fleet status` does, from results made up."""
    report = Report(Source.CONFIG, NOW, tuple(f"r-{number}" for number in range(regions)))
    for number in range(accounts):
        found = [results(f"{number:012}", region, wrong) for region in report.regions]
        notices = [notice for each in found for notice in Freshness(each, NOW).notices(RULES)]
        member = Member(f"{number:012}", path=("Root", f"unit-{number % 20}"))
        report.add(Looked(member, [row for each in found for row in rows_of(each, NOW.date())], notices))
    report.close()
    return report


def memory(accounts: int, regions: int, wrong: int) -> float:
    """Return the megabytes that were held at most."""
    tracemalloc.start()
    report = counted(accounts, regions, wrong)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.tally.total.asked == accounts * regions * BUCKETS * len(RULES)
    assert bool(report.findings) is (wrong > 0)
    return peak / 1e6


def waited(accounts: int, at_once: int) -> float:
    """Return the seconds that accounts take whose calls take a while."""

    def look(member: Member, _: Clients) -> Looked:
        for _call in range(CALLS):
            time.sleep(LATENCY)
        return Looked(member)

    started = time.monotonic()
    members = [Member(f"{number:012}") for number in range(accounts)]
    clients = SessionClients()
    assert sum(1 for _ in walk(members, lambda _: clients, look, at_once)) == accounts
    return time.monotonic() - started


def clients_of(regions: int) -> Iterator[float]:
    """Yield the processor time of an account's clients: with models parsed anew, and with those that are shared."""

    def made(session: boto3.Session) -> None:
        kept = SessionClients(session, "http://127.0.0.1:9")
        for number in range(regions):
            for service in ("s3", "kms"):
                kept.client(service, f"eu-west-{number}")

    made(boto3.Session("a", "b", botocore_session=_session()))
    yield seconds(lambda: made(boto3.Session("a", "b")))
    yield seconds(lambda: made(boto3.Session("a", "b", botocore_session=_session())))


def main() -> None:
    """Print the figures."""
    accounts, regions = (int(each) for each in (*sys.argv[1:], 500, 17)[:2])
    answers = accounts * regions * BUCKETS * len(RULES)
    one = min(seconds(loop) for _ in range(3))
    for wrong in (0, 10):
        spent = seconds(lambda wrong=wrong: counted(accounts, regions, wrong))
        held = memory(accounts, regions, wrong)
        print(f"{accounts} accounts x {regions} Regions, {answers} answers, {wrong} % broken:", end=" ")
        print(f"{spent / one:.0f} loops ({spent:.1f} s), {held:.0f} MB at most")
    alone, together = waited(16, 1), waited(16 * 8, 8) / 8
    print(f"8 accounts at once: {alone / together:.1f} times as fast as one after the other")
    anew, shared = clients_of(regions)
    print(f"clients of an account in {regions} Regions: {shared:.2f} s, {anew:.2f} s if each parsed AWS's models anew")


if __name__ == "__main__":
    main()
