"""A classification as a document that people review: the same in YAML and in JSON, with the commands to apply it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

import yaml

from s3_guardrails.classification.evidence import Evidence
from s3_guardrails.classification.propose import Proposal
from s3_guardrails.cli.classify_run import Row
from s3_guardrails.cli.text import printable
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.remediate.hazard_owner import iac_tag

HEADING: Final = """\
# Proposed data classes; nothing was changed. Review each bucket, then run the commands below `apply` of those you agree
# with. A new default encryption comes after that, and is planned anew:
# s3-guardrails remediate BUCKET --rule S3_BUCKET_DEFAULT_ENCRYPTION
"""


def document(account: str, read_on: str, tag: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the whole classification as plain data; every character of tags and policies can be seen."""
    found: dict[str, Any] = _seen(
        {
            "version": 1,
            "account": account,
            "read-on": read_on,
            "data-class-tag": tag,
            "buckets": [_bucket(each, tag) for each in rows],
        }
    )
    return found


def _seen(node: Any) -> Any:
    match node:
        case str():
            return printable(node)
        case list():
            return [_seen(each) for each in node]
        case dict():
            return {key: _seen(each) for key, each in node.items()}
        case _:
            return node


def as_yaml(found: dict[str, Any]) -> str:
    """Return the document as YAML in ASCII; whatever a reader could take for something else is in quotes."""
    return HEADING + yaml.dump(found, Dumper=_Quoting, sort_keys=False, allow_unicode=False, width=1_000)


class _Quoting(yaml.SafeDumper):
    """Quotes every text but plain words: `0E0` is a number to some readers."""


_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z][A-Za-z0-9 ./_-]*")


def _text(dumper: _Quoting, text: str) -> yaml.ScalarNode:
    plain = _WORDS.fullmatch(text) and text.isascii()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Quoting.add_representer(str, _text)


def tagging(proposal: Proposal, tag: str) -> str:
    """Return the command that sets the one tag and leaves the others; put-bucket-tagging would replace them all."""
    bucket = proposal.bucket
    tags = json.dumps([{"Key": tag, "Value": proposal.data_class}])
    words = ("--account-id", bucket.account, "--region", bucket.region, "--resource-arn", bucket.arn, "--tags", tags)
    return f"aws s3control tag-resource {shlex.join(words)}"


def _bucket(row: Row, tag: str) -> dict[str, Any]:
    proposal, cost = row.proposal, row.cost
    bucket = proposal.bucket
    return {
        "bucket": bucket.name,
        "region": bucket.region or None,
        "outcome": proposal.outcome.value,
        "present": {"class": proposal.present or None, "mode": _value(proposal.present_mode)},
        "proposed": {"class": proposal.data_class, "mode": _value(proposal.mode)} if proposal.data_class else None,
        "confidence": proposal.confidence,
        "reasons": [_reason(each) for each in proposal.evidence],
        "to-decide": proposal.note or None,
        "evidence-points-to": proposal.points_to,
        "not-known": [f"{each.fact}: {each.reason}" for each in proposal.unknown],
        "monthly-kms-cost": {
            "for-mode": cost.mode.value,
            "requests-per-month": cost.requests,
            "without-bucket-key": cost.requests_cost,
            "with-bucket-key-at-best": cost.at_best,
            "customer-managed-key": cost.key,
            "basis": cost.basis,
        }
        if cost
        else None,
        "would-break": [
            {"code": each.code, "says": each.sentence, "next-step": each.next_step} for each in row.foreseen.refusals
        ],
        "to-approve": [{"code": each.code, "says": each.sentence} for each in row.foreseen.concerns],
        "managed-by": _tool(proposal),
        "apply": [tagging(proposal, tag)] if proposal.moves else [],
    }


def _reason(each: Evidence) -> dict[str, str]:
    return {"code": each.code, "says": each.sentence, "basis": each.basis.value}


def _tool(proposal: Proposal) -> str | None:
    """A tool that manages the bucket would take a tag back: it belongs there."""
    tags = proposal.bucket.tags
    found = None if isinstance(tags, Unreadable) else iac_tag(tags)
    return f"the tag `{found}` says that a tool manages the bucket: set the class there" if found else None


def _value(mode: Any) -> str | None:
    return None if mode is None else mode.value
