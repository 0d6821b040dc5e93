"""How much to try: `GUARDRAILS_FUZZ` policies for each question, examples for each law; 0 is the usual run."""

import os
import secrets
from random import Random

FUZZ = int(os.environ.get("GUARDRAILS_FUZZ", "0"))
FIRST = secrets.randbelow(1 << 40) if FUZZ else 0
"""The first seed: a longer run draws afresh."""


def numbers(usual: int) -> range:
    """The seeds to try: always the same `usual` ones, or new ones, as many as are asked for but no fewer."""
    return range(FIRST, FIRST + max(FUZZ, usual))


def seeded(text: object) -> Random:
    """Random choices that are the same in every run."""
    return Random(str(text))  # noqa: S311 - no secrets here
