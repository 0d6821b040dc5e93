"""Eight buckets and four keys, each for something that rules find, and what every rule must say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CLASS: Final = "data-class"
EXEMPT: Final = "s3-guardrails:exempt-until"
AWS_MANAGED: Final = "aws"
"""Stands for the AWS managed key, where a key's label is asked for."""

LEDGER: Final = "ledger"
SEALED: Final = "sealed"
DELIVERY: Final = "delivery"
WAIVED: Final = "waived"
MAIN: Final = "main"
IDLE: Final = "idle"
DUTIES: Final = "duties"
SPENT: Final = "spent"

DEFAULT: Final = "S3_BUCKET_DEFAULT_ENCRYPTION"
UPLOADS: Final = "S3_BUCKET_UPLOADS_ENCRYPTED"
TLS: Final = "S3_BUCKET_TLS_ONLY"
USABLE: Final = "KMS_KEY_USABLE"
SHARED: Final = "S3_BUCKET_CROSS_ACCOUNT_KEY"
LOGGED: Final = "S3_BUCKET_ACCESS_LOGGED"
INVENTORY: Final = "S3_BUCKET_INVENTORY_CONFIGURED"
ROTATION: Final = "KMS_KEY_ROTATION"
LEAST: Final = "KMS_KEY_POLICY_LEAST_PRIVILEGE"


_OWN: Final = "NOT_APPLICABLE NOT_SHARED"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the rules say of a bucket: verdict and first code. Nobody logs, and nobody makes an inventory."""

    default: str
    uploads: str
    tls: str = "NON_COMPLIANT NO_POLICY"
    usable: str = "NOT_APPLICABLE NO_KMS_KEY"
    shared: str = "NOT_APPLICABLE NO_KMS_KEY"

    def by_rule(self) -> dict[str, str]:
        """Return rule → verdict and code."""
        found = {DEFAULT: self.default, UPLOADS: self.uploads, TLS: self.tls, USABLE: self.usable, SHARED: self.shared}
        return {**found, LOGGED: "NON_COMPLIANT NOT_LOGGED", INVENTORY: "NON_COMPLIANT NO_INVENTORY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSeed:
    """A bucket. `key`: the label of its default's key, None for SSE-S3. `guarded`: its policy denies what it must.

    `takes_sse_c`: all but SSE-C, which S3 does not block either.
    """

    label: str
    why: str
    data_class: str = ""
    key: str | None = None
    guarded: bool = False
    takes_sse_c: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeed:
    """A key. `mixed`: one role both administers and uses it."""

    label: str
    why: str
    rotates: bool = True
    enabled: bool = True
    mixed: bool = False
    rotation: str
    least: str

    def by_rule(self) -> dict[str, str]:
        """Return rule → verdict and code."""
        return {ROTATION: self.rotation, LEAST: self.least}


BUCKETS: Final = (
    BucketSeed(
        label=LEDGER,
        why="restricted, and nothing is done about it; every remediation of a bucket runs here",
        data_class="restricted",
        answers=Answers(
            "NON_COMPLIANT DEFAULT_NOT_ACCEPTED", "NON_COMPLIANT DEFAULT_NOT_ACCEPTED", "NON_COMPLIANT TLS_NOT_REQUIRED"
        ),
    ),
    BucketSeed(
        label=SEALED,
        why="restricted, as it should be",
        data_class="restricted",
        key=MAIN,
        guarded=True,
        answers=Answers(
            "COMPLIANT DEFAULT_ACCEPTED",
            "COMPLIANT UPLOADS_ACCEPTED",
            "COMPLIANT TLS_REQUIRED",
            "COMPLIANT KEY_USABLE",
            _OWN,
        ),
    ),
    BucketSeed(
        label="archive",
        why="internal data, for which SSE-S3 will do",
        data_class="internal",
        answers=Answers("COMPLIANT DEFAULT_ACCEPTED", "NON_COMPLIANT KEY_NOT_DENIED"),
    ),
    BucketSeed(
        label="exports",
        why="confidential data, under the AWS managed key",
        data_class="confidential",
        key=AWS_MANAGED,
        answers=Answers(
            "COMPLIANT DEFAULT_ACCEPTED",
            "NON_COMPLIANT MODE_NOT_DENIED",
            usable="NOT_APPLICABLE AWS_MANAGED",
            shared=_OWN,
        ),
    ),
    BucketSeed(
        label=DELIVERY,
        why="takes logs of services that write SSE-S3 only, and SSE-C of whoever sends it",
        data_class="log-delivery",
        takes_sse_c=True,
        answers=Answers(
            "COMPLIANT DEFAULT_ACCEPTED", "NON_COMPLIANT SSE_C_NOT_BLOCKED", "NON_COMPLIANT TLS_NOT_REQUIRED"
        ),
    ),
    BucketSeed(
        label="plain",
        why="nobody says what it holds",
        answers=Answers("COMPLIANT DEFAULT_ACCEPTED", "COMPLIANT UPLOADS_ACCEPTED"),
    ),
    BucketSeed(
        label=WAIVED,
        why="exempt by its tag: remediations refuse it",
        data_class="internal",
        tags={EXEMPT: "2099-12-31"},
        answers=Answers("COMPLIANT DEFAULT_ACCEPTED", "NON_COMPLIANT KEY_NOT_DENIED"),
    ),
    BucketSeed(
        label="broken",
        why="the key of its default is disabled",
        data_class="restricted",
        key=SPENT,
        answers=Answers(
            "COMPLIANT DEFAULT_ACCEPTED",
            "NON_COMPLIANT MODE_NOT_DENIED",
            usable="NON_COMPLIANT KEY_DISABLED",
            shared=_OWN,
        ),
    ),
)

_FINE: Final = "COMPLIANT LEAST_PRIVILEGE"
_TURNS: Final = "COMPLIANT ROTATES"

KEYS: Final = (
    KeySeed(label=MAIN, why="as it should be", rotation=_TURNS, least=_FINE),
    KeySeed(label=IDLE, why="never rotates", rotates=False, rotation="NON_COMPLIANT ROTATION_OFF", least=_FINE),
    KeySeed(
        label=DUTIES,
        why="one role administers and uses it",
        mixed=True,
        rotation=_TURNS,
        least="NON_COMPLIANT ADMINISTERS_AND_USES",
    ),
    KeySeed(label=SPENT, why="disabled", enabled=False, rotation="NOT_APPLICABLE KEY_DISABLED", least=_FINE),
)
