"""Statements over symbolic requests, straight from the policy's JSON.

A Principal that names an account means every principal of it; a role's ARN means the role's sessions. A wildcard inside
a principal's ARN, which AWS refuses, is read in whichever way finds more requests that get past the policy.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from smt.globs import tokens_of
from smt.operators import clear, holds, written
from smt.terms import Formula, Term
from smt.variables import ARN_SEGMENTS, split, with_variables
from smt.world import Caller, Request

ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
TYPES = {"AWS", "Service", "Federated", "CanonicalUser"}
Statement = dict[str, Any]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements_of(policy: dict[str, Any]) -> list[Statement]:
    return listed(policy["Statement"])


def has_variables(policy: dict[str, Any]) -> bool:
    return policy.get("Version", "2008-10-17") == "2012-10-17"


def unclear(statement: Statement, variables: bool) -> bool:
    """Is there a part that nobody can know the meaning of?"""
    allow = statement["Effect"] == "Allow"
    forms = not all(has_one_form(statement, name) for name in ("Principal", "Action", "Resource"))
    kinds = {kind for name in ("Principal", "NotPrincipal") for kind, _ in entries(statement.get(name, {}))} - TYPES
    unknown = set(statement) - ELEMENTS
    lines = conditions(statement)
    return forms or bool(unknown | kinds) or not all(clear(name, values, variables, allow) for name, _, values in lines)


def has_one_form(statement: Statement, name: str) -> bool:
    return (name in statement) != (f"Not{name}" in statement)


def conditions(statement: Statement) -> Iterator[tuple[str, str, Any]]:
    for name, block in statement.get("Condition", {}).items():
        for key, values in block.items():
            yield name, key, values


def meaning(statement: Statement, variables: bool) -> object:
    """Equal for statements that differ in their Sid, and in the order and letters of what does not depend on these."""
    lists = {
        name: frozenset(each.lower() if name.endswith("Action") else each for each in listed(statement[name]))
        for name in ("Action", "NotAction", "Resource", "NotResource")
        if name in statement
    }
    who = {name: frozenset(entries(statement[name])) for name in ("Principal", "NotPrincipal") if name in statement}
    tests = frozenset(
        (operator.lower(), key.lower(), frozenset(written(values))) for operator, key, values in conditions(statement)
    )
    return statement["Effect"], frozenset(lists.items()), frozenset(who.items()), tests, variables


def covers(statement: Statement, action: str) -> bool:
    """Does the statement speak of the action? An element in both forms or in none is taken to."""
    if not has_one_form(statement, "Action"):
        return True
    negated = "NotAction" in statement
    patterns = listed(statement["NotAction" if negated else "Action"])
    return any(_glob(each, action) for each in patterns) != negated


@lru_cache(1 << 16)
def _glob(pattern: str, name: str) -> bool:
    pieces = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern.lower())
    return re.fullmatch("".join(pieces), name.lower(), re.DOTALL) is not None


def doubtful(statement: Statement, variables: bool) -> bool:
    """May the statement mean more or less than it says, where it is understood?"""
    return any(incomplete(each, variables) for each in _resources(statement)) or bool(_needed(statement, variables))


def _resources(statement: Statement) -> list[str]:
    return [each for name in ("Resource", "NotResource") for each in listed(statement.get(name, []))]


def incomplete(text: str, variables: bool) -> bool:
    """Only in identity policies is an ARN of fewer than six parts known to be completed (IAM User Guide, "ARNs")."""
    pieces = split(text) if variables else [text]
    return text != "*" and sum(each.count(":") for each in pieces if isinstance(each, str)) < ARN_SEGMENTS


def _needed(statement: Statement, variables: bool) -> list[str]:
    """Policy variables without which AWS says that the statement "might" be invalid."""
    texts = [*_resources(statement), *(text for _, _, values in conditions(statement) for text in written(values))]
    pieces = [piece for text in texts if variables for piece in split(text) if isinstance(piece, tuple)]
    return sorted({key for key, default in pieces if default is None and key not in {"*", "?", "$"}})


def applies(
    index: int, statement: Statement, request: Request, variables: bool, widely: bool, *, shared: bool
) -> Formula:
    """Do the parts that are understood match the request? What is doubtful does where it is read widely.

    `shared`: a doubtful resource means the same in every statement, whatever that is.
    """
    parts = [
        request.covered[index],
        _principal(statement, request.caller, request),
        _resource(statement, request, variables, None if shared else widely),
    ]
    if not widely:
        values = [request.value(key) for key in _needed(statement, variables)]
        parts += [each.present if not each.many else False for each in values]
    for name, key, values in conditions(statement):
        allow = statement["Effect"] == "Allow"
        found = holds(name, key, values, request, variables) if clear(name, values, variables, allow) else None
        if found is not None:
            parts.append(found)
    return request.world.terms.both(*parts)


def _resource(statement: Statement, request: Request, variables: bool, widely: bool | None) -> Formula:
    if not has_one_form(statement, "Resource"):
        return True
    terms, negated = request.world.terms, "NotResource" in statement
    patterns = listed(statement["NotResource" if negated else "Resource"])
    found = [
        terms.both(guard, terms.truth(f"{request.name}: {each}") if widely is None else widely != negated)
        if incomplete(each, variables)
        else terms.both(guard, _is_resource(term, each, request, variables))
        for guard, term in request.resources
        for each in patterns
    ]
    formula = terms.either(*found)
    return terms.no(formula) if negated else formula


def _is_resource(term: Term, text: str, request: Request, variables: bool) -> Formula:
    pieces = split(text) if variables else [text]
    if all(isinstance(piece, str) for piece in pieces):
        tokens = tokens_of("".join(pieces), segments=min(ARN_SEGMENTS, text.count(":")), resource=True)
        return request.world.terms.matches(term, tokens)
    return with_variables("arn", term, pieces, request)


def entries(written: Any) -> Iterator[tuple[str, str]]:
    """Yield a Principal element's entries as (type, text)."""
    if isinstance(written, str):
        yield "AWS", written
        return
    for kind, values in written.items():
        for each in listed(values):
            yield kind, each


def _principal(statement: Statement, caller: Caller, request: Request) -> Formula:
    if not has_one_form(statement, "Principal"):
        return True
    terms, negated = request.world.terms, "NotPrincipal" in statement
    widely = (statement["Effect"] == "Allow") != negated
    spared = negated and statement["Effect"] == "Allow"
    named = [
        _names(kind, text, caller, request, widely, spared)
        for kind, text in entries(statement["NotPrincipal" if negated else "Principal"])
    ]
    formula = terms.either(*named)
    return terms.no(formula) if negated else formula


def account_of(text: str) -> str | None:
    """The account that a principal entry means as a whole."""
    found = re.fullmatch(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?", text)
    return found[1] if found else None


def _names(kind: str, text: str, caller: Caller, request: Request, widely: bool, spared: bool) -> Formula:
    """`spared`: Allow with NotPrincipal, which AWS does not support, leaves out only the root user of an account."""
    terms = request.world.terms
    if kind == "Service":
        if caller.service is None:
            return False
        return text == "*" or terms.is_text(caller.service, text)
    if kind != "AWS":
        return caller.identity == text if kind in TYPES else True
    if text == "*":
        return True
    if account := account_of(text):
        meant = caller.account is not None and (caller.kind == "root" or not spared)
        return meant and terms.is_text(caller.account, account)
    if not text.startswith("arn:"):
        return False
    if set(text) & set("*?"):
        tokens = tokens_of(text, segments=min(ARN_SEGMENTS, text.count(":")))
        return widely and terms.either(*(terms.matches(each, tokens) for each in caller.arns))
    return terms.either(*(terms.matches(each, tuple(text)) for each in caller.arns))
