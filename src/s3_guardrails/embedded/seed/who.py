"""Who appears in the demo: the company's accounts, its organization, its roles, and strangers."""

from __future__ import annotations

import uuid
from typing import Final

ACCOUNT: Final = "123456789012"
"""The account that is judged."""

REGION: Final = "us-east-1"
OTHER_REGION: Final = "eu-west-1"

PARTNER: Final = "210987654321"
"""A contractor's account that the company trusts with some keys."""

STRANGER: Final = "444455556666"
"""An account that nobody listed: a former vendor's."""

ORGANIZATION: Final = "o-acme4demo1"

ADMIN: Final = f"arn:aws:iam::{ACCOUNT}:role/kms-admin"
APP: Final = f"arn:aws:iam::{ACCOUNT}:role/app"
PIPELINE: Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
TELEMETRY: Final = f"arn:aws:iam::{ACCOUNT}:role/telemetry-producer"
"""Writes only: it must never be able to read what it wrote."""

PARTNER_WRITER: Final = f"arn:aws:iam::{PARTNER}:role/drop-writer"


def root(account: str = ACCOUNT) -> str:
    """Return the principal that stands for an account and delegates to its identity policies."""
    return f"arn:aws:iam::{account}:root"


_KEYS: Final = uuid.UUID("5eed0000-0000-4000-8000-000000000000")


def key_id(name: str) -> str:
    """Return the id that the demo gives to a key, the same on every run, `mrk-…` as moto writes it."""
    made = uuid.uuid5(_KEYS, name)
    return f"mrk-{made}" if name.startswith("global-") else str(made)


def key_arn(name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    """Return the ARN of a key of the demo."""
    return f"arn:aws:kms:{region}:{account}:key/{key_id(name)}"


PARTNER_KEY: Final = key_arn("partner", account=PARTNER)
"""A key of the contractor's account: nobody here can see it, and nobody approved it."""
