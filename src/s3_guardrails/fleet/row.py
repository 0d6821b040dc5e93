"""One rule's answer about one resource somewhere in the fleet, whoever gave it: a live read or AWS Config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable

DataClass = str | Absent | Unreadable | None
"""The class, ABSENT where a bucket names none, unreadable, or None where a key names none: it needs none."""

BUCKET: Final = "AWS::S3::Bucket"
UNCLASSIFIED: Final = "(unclassified)"
NOT_KNOWN: Final = "(not known)"
KEYS: Final = "(keys without one)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`codes`: of reasons, then of advisories. `reason`: the sentence, or AWS Config's annotation.

    `exemption`: that of the finding in a few words, empty where there is none; `exempt`: whether it holds. `tags` say
    whose the resource is.
    """

    account: str
    region: str
    rule: str
    resource_type: str
    resource_id: str
    verdict: Verdict
    codes: tuple[str, ...]
    data_class: DataClass
    reason: str = ""
    exemption: str = ""
    exempt: bool = False
    tags: Mapping[str, str] | Unreadable = field(default=Unreadable("tags", "not read"), compare=False)

    @property
    def resource(self) -> tuple[str, str, str]:
        """What tells the resource from all others of its account."""
        return self.region, self.resource_type, self.resource_id

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `data_class` is null where there is none, `class_known` says whether that is known."""
        return {
            "account": self.account,
            "region": self.region,
            "rule": self.rule,
            "resource_type": self.resource_type,
            "resource_id": self.resource_id,
            "verdict": self.verdict.value,
            "codes": list(self.codes),
            "data_class": self.data_class if isinstance(self.data_class, str) else None,
            "class_known": not isinstance(self.data_class, Unreadable),
            "reason": self.reason,
            "exemption": self.exemption or None,
            "exempt": self.exempt,
        }


def class_of(resource_type: str, tags: Mapping[str, str] | Unreadable, tag: str) -> DataClass:
    """Return the value of the tag; blank counts as none."""
    if isinstance(tags, Unreadable):
        return tags
    return tags.get(tag, "").strip() or (ABSENT if resource_type == BUCKET else None)


def label(data_class: DataClass) -> str:
    """Name a data class in a table; a class that looks like another label is put in backticks."""
    match data_class:
        case str():
            return f"`{data_class}`" if data_class.startswith("(") else data_class
        case Absent():
            return UNCLASSIFIED
        case Unreadable():
            return NOT_KNOWN
        case None:
            return KEYS
