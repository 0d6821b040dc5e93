"""Whose resource it is: exempt for a time, or written by a tool that would undo the change or be broken by it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_evidence import Finding, unreadable

EXEMPT_TAG: Final = "s3-guardrails:exempt-until"
"""The tag that keeps remediation away: its value is the last day, as YYYY-MM-DD."""

OWNED_BY_A_TOOL: Final = frozenset({"MANAGED_BY_IAC"})
"""Refusals that are no hindrance where the tool itself makes the change."""

_TOOLS: Final = (
    "terraform",
    "opentofu",
    "terragrunt",
    "cdktf",
    "pulumi",
    "cdk",
    "cloudformation",
    "crossplane",
    "spacelift",
    "atlantis",
    "ansible",
    "serverless",
    "tofu",
)
_TOOL: Final = "|".join(_TOOLS)
_WORDS: Final = rf"{_TOOL}|iac|infrastructureascode"
_RESERVED: Final = re.compile(
    r"aws:(cloudformation|servicecatalog|cdk):?.*|aws-cdk:.*|aws-cdk|services\.k8s\.aws/.*", re.IGNORECASE
)
"""Tags that AWS's own tools set (CloudFormation User Guide, "Resource tags"; Service Catalog; the CDK; ACK)."""
_ABOUT_TOOL: Final = re.compile(
    rf"(?:is)?(?:{_WORDS})(?:managed|owned|workspace|module|modules|stack|project|repo|repository|source|path|version)?"
    rf"|(?:is)?(?:managed|owned|created|deployed|provisioned)(?:by|with)?(?:{_WORDS})"
    r"|tf(?:managed|workspace|modules?|stack)"
)
_PREFIXED: Final = re.compile(rf"(?:.*[/.])?(?:{_TOOL})[:/._-].+", re.IGNORECASE)
"""A tool's name and a part after it: `pulumi:project`, `crossplane.io/external-name`."""
_OWNER: Final = re.compile(
    r"(managed|created|deployed|provisioned|maintained|built|owned)(by|with|using|via|through)?|manager|provisioner|iactool"
    r"|infrastructureascode|deployment(tool|method)|provisioning(tool|method)?|automation|orchestrator|tool"
)
_TRACERS: Final = frozenset({"yor_trace", "yor_name"})
"""Tags of a tagger that runs over infrastructure as code only (Yor)."""
_NO: Final = frozenset({"false", "no", "0", "none", "off", "n", "never", "manual"})
_YES: Final = frozenset({"true", "yes", "1", "on", "y"})
_IAC: Final = re.compile(rf"(?:.*[^a-z])?(?:{_TOOL}|iac|tf)(?:[^a-z].*)?")
_TOWER: Final = re.compile(r"(StackSet-)?AWSControlTower.*")


def owned(tags: Mapping[str, str] | Unreadable, today: date, name: str) -> Iterator[Finding]:
    """Yield what the tags say: an exemption that runs, a tool that owns the resource."""
    if isinstance(tags, Unreadable):
        yield unreadable(tags, "they say whether the resource is exempt, or managed by a tool")
        return
    yield from (exemption(tags[key], today) for key in sorted(tags) if key.lower() == EXEMPT_TAG)
    tower = _TOWER.fullmatch(tags.get("aws:cloudformation:stack-name", ""))
    if tower:
        yield Refusal(
            "CONTROL_TOWER",
            f"AWS Control Tower made it (stack `{tower[0]}`): its landing zone would drift",
            "change it through the settings of the landing zone",
        )
    elif tag := iac_tag(tags):
        yield Refusal(
            "MANAGED_BY_IAC",
            f"the tag `{tag}={tags[tag]}` says that a tool manages it, which would undo the change at its next run",
            f"put the change there: `s3-guardrails remediate {name} --terraform` or `--cloudformation` prints it",
        )


def exemption(until: str, today: date) -> Finding:
    """Return what an exemption's date means today."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", until) or (last := _date(until)) is None:
        what = f"the tag `{EXEMPT_TAG}` has the value `{until}`, which is no date"
        return Refusal("EXEMPTION_UNREADABLE", what, "write the last day of the exemption as YYYY-MM-DD")
    if last < today:
        return f"the exemption ended on {last}: it no longer counts"
    what = f"the tag `{EXEMPT_TAG}` exempts it until {last}"
    return Refusal("EXEMPT", what, "wait until the exemption has ended, or remove the tag")


def iac_tag(tags: Mapping[str, str]) -> str | None:
    """Return the tag that says that infrastructure as code manages the resource, None where none does.

    >>> iac_tag({"ManagedBy": "OpenTofu"}), iac_tag({"managed-by": "platform-team"})
    ('ManagedBy', None)
    """
    return next((key for key in sorted(tags) if _says_iac(key, tags[key].strip().lower())), None)


def _says_iac(key: str, value: str) -> bool:
    if _RESERVED.fullmatch(key) or key.lower() in _TRACERS:
        return True
    if value in _NO:
        return False
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    if _ABOUT_TOOL.fullmatch(plain) or _PREFIXED.fullmatch(key):
        return True
    last = re.sub(r"[^a-z0-9]", "", re.split(r"[:/]", key.lower())[-1])
    if value in _YES and _ABOUT_TOOL.fullmatch(last):
        return True
    return bool((_OWNER.fullmatch(plain) or _OWNER.fullmatch(last)) and _IAC.fullmatch(value))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
