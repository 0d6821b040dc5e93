"""Turns a policy document that is known in parts into a policy that the prover reads.

A statement with open values becomes a narrow one, which applies for certain, and a wide one, which keeps a defect that
names what is open: no proof rests on a Deny that may not apply, no counterexample on an Allow that may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import Policy, Principal, PrincipalKind, Statement, parse_policy
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.template.statement_bounds import anything, narrow, wide
from s3_guardrails.template.text_bounds import as_list, known
from s3_guardrails.template.value import Node, Text, Unknown, display, mapped, unknowns


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement, the place and Sid of the one it comes from, and the names of what is open if it only may apply.

    `anybody`: it may name callers of any kind.
    """

    source: Any
    index: int
    sid: str | None = None
    open: tuple[str, ...] = ()
    anybody: bool = False


def read_policy(document: Node) -> Policy:
    """Return the policy; raise PolicySyntaxError. What nobody knows at all may allow and deny anything."""
    if isinstance(document, str):
        document = strict_json(document)
    if isinstance(document, Text | Unknown):
        document = {"Version": "2012-10-17", "Statement": [Unknown(each.name) for each in unknowns(document)][:1]}
    if not unknowns(document) or "Statement" not in document:
        return parse_policy(document)
    document = _with_version(document)
    variables = document["Version"] == "2012-10-17"
    written = as_list(document["Statement"])
    bounds = [each for index, one in enumerate(written) for each in _bounds(index, one, variables)]
    return _parsed({name: value for name, value in document.items() if name != "Id"}, bounds)


def _with_version(document: Mapping[str, Any]) -> dict[str, Any]:
    """Settle the version; where it is open, so is every text that one version reads as a policy variable."""
    version = document.get("Version", "2008-10-17")
    if known(version):
        return {**document, "Version": version}
    anything = Unknown(unknowns(version)[0].name, "whatever the version makes of it")
    opened = mapped(document["Statement"], lambda each: anything if "${" in _literal(each) else each)
    return {**document, "Version": "2012-10-17", "Statement": opened}


def _literal(leaf: Node) -> str:
    return "".join(each for each in (leaf.pieces if isinstance(leaf, Text) else (leaf,)) if isinstance(each, str))


def _bounds(index: int, statement: Node, variables: bool) -> Iterator[_Bound]:
    is_open = tuple(each.name for each in unknowns(statement))
    if not is_open:
        yield _Bound(statement, index)
        return
    if not isinstance(statement, Mapping):
        yield from (_Bound(each, index, f"Statement[{index}]", is_open, anybody=True) for each in anything())
        return
    sid = display(statement["Sid"]) if "Sid" in statement else f"Statement[{index}]"
    statement = {name: value for name, value in statement.items() if name != "Sid"}
    is_open = tuple(each.name for each in unknowns(statement))
    certain = narrow(statement, variables=variables)
    if certain is not None:
        yield _Bound(certain, index, sid)
    anybody = any(unknowns(statement.get(name)) for name in ("Principal", "NotPrincipal"))
    if is_open:
        found = wide(statement, variables=variables)
        yield from (_Bound(each, index, sid, is_open, anybody and each.get("Principal") == "*") for each in found)


def _parsed(document: Mapping[str, Any], bounds: list[_Bound]) -> Policy:
    """Parse, and put Sids, places and what is open where they belong."""
    try:
        policy = parse_policy({**document, "Statement": [each.source for each in bounds]})
    except PolicySyntaxError as error:
        path = re.sub(r"^Statement\[(\d+)\]", lambda found: _place(bounds[int(found[1])].index), error.path)
        raise PolicySyntaxError(path, error.expected) from None
    statements = tuple(_marked(*each) for each in zip(policy.statements, bounds, strict=True))
    return replace(policy, statements=statements)


def _place(index: int) -> str:
    return f"Statement[{index}]"


def _marked(statement: Statement, bound: _Bound) -> Statement:
    own = tuple(re.sub(r"^Statement\[\d+\]", _place(bound.index), each) for each in statement.defects)
    sid = statement.sid if bound.sid is None else bound.sid
    if not bound.open:
        return replace(statement, index=bound.index, sid=sid, defects=own)
    source = {**statement.source, "Unresolved": list(bound.open), **({_ANYBODY: True} if bound.anybody else {})}
    defects = tuple(dict.fromkeys((*own, *bound.open)))
    return replace(statement, index=bound.index, sid=f"{sid} (open)", defects=defects, source=source)


def with_open_callers(policy: Policy, partition: str) -> Policy | None:
    """Return the policy with callers that are possible only where a policy names them, as an open principal may.

    They are named where everybody is meant anyway, so that no outcome changes; None where no principal is open. A
    question whose answer differs between the two policies depends on who is named.
    """
    if not any(_ANYBODY in each.source for each in policy.statements):
        return None
    told = (value for each in policy.statements for condition in each.conditions for value in condition.values)
    arns = dict.fromkeys((f"arn:{partition}:iam::cloudfront:user/unresolved", *filter(_IDENTITY.fullmatch, told)))
    named = (*(Principal(PrincipalKind.ARN, each) for each in arns), *_NAMED)
    statements = (
        replace(each, principals=(*each.principals, *named)) if _ANYBODY in each.source else each
        for each in policy.statements
    )
    return replace(policy, statements=tuple(statements))


_ANYBODY: Final = "UnresolvedPrincipal"
_IDENTITY: Final = re.compile(r"arn:[^:*?$]+:(iam|sts)::[^*?$]+")
_NAMED: Final = tuple(Principal(each, "unresolved") for each in (PrincipalKind.FEDERATED, PrincipalKind.CANONICAL_USER))
