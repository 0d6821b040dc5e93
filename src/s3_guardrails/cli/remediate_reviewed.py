"""The plans of a dry run that somebody reviewed, out of its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.remediate.batch import Outcome
from s3_guardrails.remediate.store import PLAN_ID


def reviewed(path: Path) -> frozenset[str]:
    """Return the ids of the plans in what `remediate --json` printed; raise InputError."""
    try:
        data = strict_json(path.read_text(encoding="utf-8-sig"))
    except (PolicySyntaxError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path}`: {error}") from None
    several = data.get("results", [data]) if isinstance(data, Mapping) else None
    found = [_plan_id(each) for each in several] if isinstance(several, list) else []
    if not found or None in found:
        raise InputError(f"`{path}`: expected what `remediate --json` prints")
    return frozenset(each for each in found if each)


def _plan_id(result: Any) -> str | None:
    """Return the id, "" for a result that has nothing to approve, None for what is no result."""
    if not isinstance(result, Mapping) or result.get("outcome") not in set(Outcome):
        return None
    plan_id = result.get("plan_id", "")
    if result["outcome"] != Outcome.PLANNED:
        return ""
    return plan_id if isinstance(plan_id, str) and PLAN_ID.fullmatch(plan_id) else None
