"""Evaluate one request against one policy: explicit deny, allow or implicit deny, and which statements decided it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from s3_guardrails.policy.condition import holds
from s3_guardrails.policy.document import Effect, Policy, Principal, PrincipalKind, Statement
from s3_guardrails.policy.pattern import Context, Variable, matches, pieces
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.truth import Truth, all_of, any_of, opposite


class Outcome(StrEnum):
    """What the policy says of one request; UNDETERMINED where it depends on a part that is not understood."""

    EXPLICIT_DENY = "explicit deny"
    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    UNDETERMINED = "undetermined"


class Authorization(NamedTuple):
    """An outcome and its determining statements."""

    outcome: Outcome
    determining: tuple[Statement, ...]


def authorize(policy: Policy, request: Request) -> Authorization:
    """Deny overrides: one applying Deny decides, then one applying Allow, else nothing allows."""
    applying = [(each, applies(each, request)) for each in policy.statements]
    for effect, outcome in ((Effect.DENY, Outcome.EXPLICIT_DENY), (Effect.ALLOW, Outcome.ALLOW)):
        certain = tuple(each for each, truth in applying if truth and each.effect is effect)
        possible = tuple(each for each, truth in applying if truth is None and each.effect is effect)
        if certain:
            return Authorization(outcome, certain)
        if possible:
            return Authorization(Outcome.UNDETERMINED, possible)
    return Authorization(Outcome.IMPLICIT_DENY, ())


def denied(policy: Policy, request: Request) -> Truth:
    """Does a Deny apply? None where that depends on a part that is not understood."""
    return any_of(applies(each, request) for each in policy.denies)


def applies(statement: Statement, request: Request) -> Truth:
    """Do all elements of the statement match the request? None where that depends on a part not understood."""
    return all_of([truth for _, truth in clauses(statement, request)])


def clauses(statement: Statement, request: Request) -> list[tuple[str, Truth]]:
    """Return each element's name and whether it matches, in the order of the policy grammar."""
    context = request.values
    scope = context if statement.variables else None
    truths: list[tuple[str, Truth]] = [
        ("NotPrincipal" if statement.not_principal else "Principal", _principal(statement, request)),
        ("NotAction" if statement.not_action else "Action", _action(statement, request)),
        (
            "NotResource" if statement.not_resource else "Resource",
            _resource(statement, request, scope),
        ),
    ]
    truths += [
        (f"{each.operator.name} {each.key}", holds(each, context, statement.variables)) for each in statement.conditions
    ]
    if scope is not None and any(not isinstance(scope.get(key), str) for key in _needed(statement)):
        truths.append(("policy variable", None))
    if statement.defects:
        truths = [(name, None if name.removeprefix("Not") in statement.unclear else truth) for name, truth in truths]
        truths.append(("defect", None))
    return truths


def _needed(statement: Statement) -> set[str]:
    """Return the policy variables without which AWS says that the statement might be invalid."""
    texts = (*statement.resources, *(value for each in statement.conditions for value in each.values))
    found = (piece for text in texts if "${" in text for piece in pieces(text, True))
    return {each.key for each in found if isinstance(each, Variable) and each.default is None}


def _resource(statement: Statement, request: Request, scope: Context | None) -> Truth:
    """None where only an incomplete ARN, which a service may complete or not, could match."""
    whole = [each for each in statement.resources if each not in statement.incomplete]
    found: Truth = any(matches(each, request.resource, scope, arn=True, resource=True) for each in whole)
    found = found or (None if statement.incomplete else False)
    return opposite(found) if statement.not_resource else found


def _action(statement: Statement, request: Request) -> bool:
    found = any(matches(each, request.action, ignore_case=True) for each in statement.actions)
    return found != statement.not_action


def _principal(statement: Statement, request: Request) -> Truth:
    allow = statement.effect is Effect.ALLOW
    widely, root_only = allow != statement.not_principal, allow and statement.not_principal
    found = any(_names(each, request, widely, root_only) for each in statement.principals)
    return opposite(found) if statement.not_principal else found


def _names(principal: Principal, request: Request, widely: bool, root_only: bool) -> bool:
    """Is the caller meant?

    `widely`: read a wildcard inside an ARN, which AWS refuses, as a pattern. `root_only`: NotPrincipal with Allow,
    which AWS does not support, spares only what it lists, of an account the root.
    """
    match principal.kind:
        case PrincipalKind.EVERYONE:
            return True
        case PrincipalKind.ACCOUNT:
            own = request.account == principal.value
            return own and (not root_only or any(each.endswith(":root") for each in request.arns))
        case PrincipalKind.ARN:
            return principal.value in request.arns
        case PrincipalKind.ARN_PATTERN:
            return widely and any(matches(principal.value, each, arn=True) for each in request.arns)
        case PrincipalKind.SERVICE:
            service = request.values.get("aws:principalisawsservice") == "true"
            return service and principal.value in {"*", request.principal}
        case PrincipalKind.FEDERATED:
            return principal.value in {request.principal, request.values.get("aws:federatedprovider")}
        case PrincipalKind.CANONICAL_USER:
            return principal.value == request.principal
        case PrincipalKind.DELETED:
            return False
