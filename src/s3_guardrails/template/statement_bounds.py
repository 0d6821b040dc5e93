"""Bounds of a statement that is known in parts: where it applies for certain, and where it may apply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from s3_guardrails.policy.document import Effect
from s3_guardrails.template.condition_bounds import Never, bounded_conditions
from s3_guardrails.template.text_bounds import as_list, known, loosened
from s3_guardrails.template.value import Node, unknowns

_ELEMENTS: Final = {f"{form}{name}": name for name in ("Principal", "Action", "Resource") for form in ("", "Not")}
_ROLE: Final = re.compile(r"arn:[^:*?$]+:iam::[0-9]{12}:(role|user)/")


def narrow(statement: Mapping[str, Any], *, variables: bool) -> dict[str, Any] | None:
    """Return a statement that applies only where the written one does whatever is open; None where it never does."""
    if not isinstance(statement.get("Effect"), str):
        return None
    try:
        return _bounded(statement, wide=False, variables=variables)
    except Never:
        return None


def wide(statement: Mapping[str, Any], *, variables: bool) -> list[dict[str, Any]]:
    """Return statements that apply wherever the written one may; two where its effect is open."""
    effect = statement.get("Effect")
    effects = [effect] if known(effect) else list(map(str, Effect))
    return [_bounded({**statement, "Effect": each}, wide=True, variables=variables) for each in effects]


def anything() -> list[dict[str, Any]]:
    """Return statements that may do whatever a statement can do."""
    return [{"Effect": each.value, "Principal": "*", "Action": "*", "Resource": "*"} for each in Effect]


def _bounded(statement: Mapping[str, Any], *, wide: bool, variables: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in statement.items():
        if not unknowns(value):
            found.setdefault(name, value)
        elif name == "Condition":
            found[name] = bounded_conditions(value, wide=wide, variables=variables)
        elif name in _ELEMENTS:
            found.update(_element(name, value, wide=wide, effect=statement.get("Effect")))
        elif name != "Sid" and not wide:
            raise Never  # an element that nobody knows
    return found


def _element(name: str, value: Node, *, wide: bool, effect: Any) -> dict[str, Any]:
    """Bound one element: more entries make it wider, or narrower in its Not… form."""
    base = _ELEMENTS[name]
    negated = name != base
    if wide == negated:
        certain = _certain(value)
        if not certain and not wide:
            raise Never
        return {name: certain} if certain else {base: "*"}
    patterns = effect == (Effect.DENY if negated else Effect.ALLOW)
    broad = _principals(value, patterns) if base == "Principal" else _patterns(value, arn=base == "Resource")
    if broad == "*" and negated:
        raise Never
    return {name: broad}


def _certain(value: Node) -> Any:
    """Return the entries that are known; empty where there are none."""
    if isinstance(value, Mapping):
        return {kind: kept for kind, each in value.items() if (kept := _certain(each))}
    return [each for each in as_list(value) if not unknowns(each)]


def _patterns(value: Node, *, arn: bool) -> Any:
    """Return the entries with a pattern for each open one."""
    found = [loosened(each, arn=arn) if unknowns(each) else each for each in as_list(value)]
    return "*" if "*" in found else found


def _principals(value: Node, patterns: bool) -> Any:
    """Return an element that names every caller whom the open entries may name.

    `patterns`: a wildcard inside an ARN is read as a pattern here; elsewhere only `*` says enough.
    """
    if not isinstance(value, Mapping):
        return "*"
    found: dict[str, Any] = {}
    for kind, written in value.items():
        entries = as_list(written)
        for each in entries:
            if unknowns(each) and not (patterns and kind == "AWS" and _ROLE.match(getattr(each, "head", ""))):
                return "*"
        found[kind] = [loosened(each) if unknowns(each) else each for each in entries]
    return found
