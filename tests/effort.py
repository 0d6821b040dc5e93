"""How much to try: `GUARDRAILS_FUZZ` policies for each question, examples for each law; 0 is the usual run."""

import os
from random import Random

FUZZ = int(os.environ.get("GUARDRAILS_FUZZ", "0"))


def seeded(text: object) -> Random:
    """Random choices that are the same in every run."""
    return Random(str(text))  # noqa: S311 - no secrets here
