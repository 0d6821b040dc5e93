"""Renders what a deployment counts and costs, in docs/operations.md: from the rules, template.yaml and quoted prices.

Prices are those of US East (N. Virginia) without free tiers, as others quote AWS's pages, read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from s3_guardrails.catalogue.permissions import LIVE
from s3_guardrails.catalogue.template_functions import TIMEOUTS
from s3_guardrails.classification.cost import built_in
from s3_guardrails.discovery import Entry
from s3_guardrails.errors import MalformedRule
from s3_guardrails.rule import Trigger

PATH: Final = "docs/operations.md"
BEGIN: Final = "<!-- {}: begin, rendered by `s3-guardrails catalogue --write` -->"
END: Final = "<!-- {}: end -->"

BUCKET: Final = "AWS::S3::Bucket"
OF_KEYS: Final = "AWS::KMS::Key"
BUCKETS: Final = 1000
KEYS: Final = 100
DAYS: Final = 30
REGIONS: Final = 17
"""Regions that every account has unless it opts in to more."""
ROLES: Final = 1000
"""The default quota of IAM roles in an account."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for one unit, and who quotes it."""

    what: str
    dollars: Decimal
    source: str


EVALUATION: Final = Price(
    "an evaluation by a rule, up to 100,000 a month in a Region", Decimal("0.001"), "vantage.sh/blog/aws-config-pricing"
)
ITEM: Final = Price("a configuration item", Decimal("0.003"), "vantage.sh/blog/aws-config-pricing")
_KMS: Final = built_in().quoted("aws", "us-east-1")
KEY: Final = Price("a KMS key for a month", _KMS.per_key_and_month, _KMS.source)
ALARM: Final = Price("an alarm for a month", Decimal("0.10"), "c3x.dev/resources/aws/aws_cloudwatch_metric_alarm")
COMPUTE: Final = Price(
    "a GB-second of Lambda on arm64", Decimal("0.0000133334"), "cloudchipr.com/blog/aws-lambda-pricing"
)
LOG: Final = Price("a GB of logs", Decimal("0.50"), "factualminds.com/blog, CloudWatch pricing, June 2026")
PRICES: Final = (EVALUATION, ITEM, KEY, ALARM, COMPUTE, LOG)

TIMES: Final = "\N{MULTIPLICATION SIGN}"

Row = tuple[str, str, Decimal]


def render_figures(operations: str, entries: Iterable[Entry], template: str) -> str:
    """Return docs/operations.md with its blocks `counts` and `costs`; raise MalformedRule where a mark is missing."""
    entries = tuple(entries)
    return _block(_block(operations, "counts", _counts(entries, template)), "costs", _costs(entries, template))


def number(template: str, kind: str) -> int:
    """Return how many resources of a type template.yaml has."""
    return len(re.findall(rf"^    Type: {re.escape(kind)}$", template, re.MULTILINE))


def _counts(entries: tuple[Entry, ...], template: str) -> Iterator[str]:
    roles = number(template, "AWS::IAM::Role")
    yield from ("| in each account and Region | number |", "|---|---|")
    yield f"| rules of AWS Config, in one pack | {len(entries)} |"
    yield f"| Lambda functions | {number(template, 'AWS::Serverless::Function')} |"
    yield f"| IAM roles; {REGIONS} Regions take {roles * REGIONS} of the {ROLES:,} that an account may have | {roles} |"
    yield f"| KMS keys | {number(template, 'AWS::KMS::Key')} |"
    yield f"| alarms of CloudWatch | {number(template, 'AWS::CloudWatch::Alarm')} |"


def _costs(entries: tuple[Entry, ...], template: str) -> Iterator[str]:
    yield from ("| price of | $ | quoted by |", "|---|---|---|")
    yield from (f"| {each.what} | {each.dollars} | {each.source} |" for each in PRICES)
    yield ""
    yield f"| {BUCKETS:,} buckets and {KEYS} keys, one account and Region | calculation | $ |"
    yield "|---|---|---|"
    for title, rows in (
        ("once, and again with each release", _once(entries)),
        ("a month", _monthly(entries, template)),
    ):
        yield from (f"| {what} | {calculation} | {dollars:.2f} |" for what, calculation, dollars in rows)
        yield f"| **{title}** | | **{sum(each for _, _, each in rows):.2f}** |"


def _once(entries: tuple[Entry, ...]) -> list[Row]:
    return [
        _row("every bucket, by all rules", EVALUATION, BUCKETS, _rules(entries, BUCKET, *Trigger)),
        _row("every key, by all rules", EVALUATION, KEYS, _rules(entries, OF_KEYS, *Trigger)),
        _row("the recorder notes each resource's compliance, if it changes", ITEM, BUCKETS + KEYS),
    ]


_SCHEDULED: Final = (Trigger.PERIODIC, Trigger.BOTH)


def _monthly(entries: tuple[Entry, ...], template: str) -> list[Row]:
    buckets, keys = (_rules(entries, kind, *_SCHEDULED) for kind in (BUCKET, OF_KEYS))
    changed = _rules(entries, BUCKET, Trigger.CHANGE, Trigger.BOTH)
    seconds = BUCKETS * changed * 2 + DAYS * (buckets + keys) * TIMEOUTS[LIVE]
    evaluations = BUCKETS * changed + DAYS * (BUCKETS * buckets + KEYS * keys)
    return [
        _row("every bucket, daily, by the scheduled rules", EVALUATION, BUCKETS, buckets, DAYS),
        _row("every key, daily, by the scheduled rules", EVALUATION, KEYS, keys, DAYS),
        _row("every bucket changes once: the rules judge it", EVALUATION, BUCKETS, changed),
        _row("every bucket changes once: the recorder notes it, with or without rules", ITEM, BUCKETS),
        _row("keys of evidence and messages", KEY, number(template, "AWS::KMS::Key")),
        _row("alarms", ALARM, number(template, "AWS::CloudWatch::Alarm")),
        _row("functions of 0.5 GB: 2 s for a change, all their time for a schedule", COMPUTE, seconds, Decimal("0.5")),
        _row("logs: 4 KB for an evaluation", LOG, evaluations, Decimal("0.000004")),
    ]


def _row(what: str, price: Price, *factors: int | Decimal) -> Row:
    dollars = price.dollars
    for each in factors:
        dollars *= each
    return what, f" {TIMES} ".join([*(f"{each:,}" for each in factors), f"${price.dollars}"]), dollars


def _rules(entries: tuple[Entry, ...], kind: str, *triggers: Trigger) -> int:
    return sum(entry.rule.resource_type == kind and entry.rule.trigger in triggers for entry in entries)


def _block(text: str, name: str, lines: Iterable[str]) -> str:
    before, begin, rest = text.partition(BEGIN.format(name))
    _, end, after = rest.partition(END.format(name))
    if not (begin and end):
        raise MalformedRule(f"{PATH}: expected the lines `{BEGIN.format(name)}` and `{END.format(name)}`")
    return "\n".join([f"{before}{begin}", *lines, f"{end}{after}"])
