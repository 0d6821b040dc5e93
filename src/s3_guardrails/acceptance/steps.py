"""Every step, in the order in which they run."""

from __future__ import annotations

from typing import Final

from s3_guardrails.acceptance import (
    steps_account,
    steps_config,
    steps_deploy,
    steps_messages,
    steps_objects,
    steps_remediate,
    steps_stacks,
)
from s3_guardrails.acceptance.step import Step

STEPS: Final[tuple[Step, ...]] = (
    *steps_deploy.FIRST,
    *steps_objects.SEED,
    *steps_deploy.STEPS,
    *steps_objects.STEPS,
    *steps_messages.STEPS,
    *steps_account.STEPS,
    *steps_stacks.STEPS,
    *steps_config.STEPS,
    *steps_remediate.STEPS,
    *steps_objects.AFTER,
    *steps_remediate.BACK,
    *steps_objects.TOLD,
    *steps_config.LAST,
    *steps_account.LAST,
    *steps_stacks.PACK,
    *steps_deploy.LAST,
)
"""What changes the seed comes after what compares it; what takes long and makes rules anew comes last."""
