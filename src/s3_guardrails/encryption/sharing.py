"""Reasons about a shared bucket: who of another account is let in, and what each lacks of the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.finding import undecided, violation
from s3_guardrails.encryption.grantee import Grantee
from s3_guardrails.encryption.service_writer import lets
from s3_guardrails.encryption.shared_key import NEEDED, READ, WRITE, SharedBucket, keyless, unnamed
from s3_guardrails.policy.document import Policy, PrincipalKind
from s3_guardrails.policy.prove import Inconclusive, Proved, Refuted

_LACKS: Final = {
    READ: ("READERS_CANNOT_DECRYPT", "read objects and lack kms:Decrypt on the key"),
    WRITE: ("WRITERS_CANNOT_ENCRYPT", "write objects and lack kms:GenerateDataKey on the key"),
}


@dataclass(frozen=True, slots=True)
class LetIn:
    """A caller of another account, what it may do with objects, and the request that shows it, replayed."""

    stranger: Grantee
    action: str
    shown: Refuted


Let = tuple[LetIn, ...]
Reasons = tuple[Reason, ...]


def entering(shared: SharedBucket) -> tuple[Let, Reasons]:
    """Return who is let in, and about whom that could not be decided."""
    found: list[LetIn] = []
    unclear: list[Reason] = []
    for stranger in shared.strangers():
        for action in () if unnamed(stranger) else NEEDED:
            answer = shared.enters(stranger, action)
            if isinstance(answer, Refuted):
                found.append(LetIn(stranger, action, answer))
            elif isinstance(answer, Inconclusive):
                unclear.append(undecided("SHARING_UNDECIDED", f"whether {stranger.value} is let in", answer))
    return tuple(found), tuple(unclear)


def not_named(shared: SharedBucket) -> Reasons:
    """Advise of statements that let in callers whom they do not name."""
    found = dict.fromkeys(each.statement for each in shared.strangers() if unnamed(each))
    what = "lets in callers whom it does not name: whether they are of another account was not looked at"
    return tuple(Reason("CALLERS_NOT_NAMED", f"the statement {each} {what}") for each in found)


def closed_to_all(shared: SharedBucket, let_in: Let) -> Reason:
    """Return the reason for a default that leads to the AWS managed key."""
    what = f"the default is the AWS managed key, which no other account can use: {_names(let_in)}"
    return violation("AWS_MANAGED_KEY_CLOSED", what, shared.policy, let_in[0].shown)


def judge_key(shared: SharedBucket, let_in: Let, key_policy: Policy) -> tuple[Reasons, Reasons, Reasons]:
    """Return what breaks the rule, what could not be decided, and advisories."""
    lacking: dict[str, list[LetIn]] = {READ: [], WRITE: []}
    unclear: list[Reason] = []
    parts: list[LetIn] = []
    for each in let_in:
        answer = shared.uses(each.stranger, NEEDED[each.action], key_policy)
        if keyless(each.stranger) or isinstance(answer, Proved):
            lacking[each.action].append(each)
        elif isinstance(answer, Inconclusive):
            what = f"whether {each.stranger.value} may use the key"
            unclear.append(undecided("SHARING_UNDECIDED", what, answer))
        elif each.action == WRITE and isinstance(shared.uses(each.stranger, "Decrypt", key_policy), Proved):
            parts.append(each)
    violations = tuple(_violation(shared, action, found) for action, found in lacking.items() if found)
    return violations, tuple(unclear), tuple(_advisories(shared, let_in, parts, key_policy))


def _violation(shared: SharedBucket, action: str, found: Sequence[LetIn]) -> Reason:
    code, what = _LACKS[action]
    return violation(code, f"the bucket lets these {what}: {_names(found)}", shared.policy, found[0].shown)


def _advisories(shared: SharedBucket, let_in: Let, parts: Sequence[LetIn], key_policy: Policy) -> Iterator[Reason]:
    if parts:
        what = "lack kms:Decrypt on the key, without which multipart uploads fail"
        yield Reason("MULTIPART_NEEDS_DECRYPT", f"{_names(parts)} {what}")
    yield from not_named(shared)
    accounts = sorted({each.stranger.account for each in let_in if each.stranger.account})
    if accounts:
        what = f"identity policies of {', '.join(accounts)} have to allow the same, and were not looked at"
        yield Reason("IDENTITY_POLICIES_NOT_CHECKED", what)
    if without := sorted(_key_accounts(key_policy) - {*accounts, shared.bucket.account, shared.key.split(":")[4]}):
        what = f"the key is open to {', '.join(without)}, whom the bucket does not let at its objects"
        yield Reason("KEY_WITHOUT_BUCKET", what)


def _key_accounts(policy: Policy) -> set[str]:
    """Return the accounts that an Allow for data names."""
    allows = (each for each in policy.allows if any(lets(each, f"kms:{action}") for action in NEEDED.values()))
    named = (principal for each in allows for principal in each.principals)
    kinds = {PrincipalKind.ACCOUNT, PrincipalKind.ARN}
    found = (each.value if ":" not in each.value else each.value.split(":")[4] for each in named if each.kind in kinds)
    return {each for each in found if each.isdigit()}


def _names(found: Sequence[LetIn]) -> str:
    names = list(dict.fromkeys(f"{each.stranger.value} ({each.stranger.statement})" for each in found))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"
