"""Pairs the policies of two files and compares each pair, in every deployment that open values leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from s3_guardrails.cli.policy_space import bucket_space, key_space
from s3_guardrails.errors import InputError
from s3_guardrails.policy.authorize import authorize
from s3_guardrails.policy.compare import Change, compare
from s3_guardrails.policy.document import EMPTY, Policy, parse_policy
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.space import Space
from s3_guardrails.template.found import Assigned, Found, Kind, Options, Other, World, assignments, bounded, label


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A policy before and after; None on the side where there is none."""

    old: Found | None
    new: Found | None
    kind: Kind

    @property
    def place(self) -> str:
        """Where the policy stands."""
        one = self.new or self.old
        return one.place if one else ""

    @property
    def said(self) -> str:
        """Say that the policy is new or gone, empty where it is neither."""
        return "added" if self.old is None else "removed" if self.new is None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One kind of change: `answer` is proved (no request changes so), refuted (here is one) or inconclusive."""

    change: Change
    answer: str
    request: Request | None = None
    reason: str = ""
    before: str = ""
    after: str = ""


def pairs(old: Sequence[Found], new: Sequence[Found], kind: Kind | None) -> Iterator[Pair]:
    """Pair policies by kind and name; the only ones of their kind are a pair whatever they are called."""
    kind = kind or _kind(old, new)
    for each in [kind] if kind else list(Kind):
        before = {one.place: one for one in old if one.kind in {None, each}}
        after = {one.place: one for one in new if one.kind in {None, each}}
        if len(before) == len(after) == 1:
            yield Pair(old=next(iter(before.values())), new=next(iter(after.values())), kind=each)
            continue
        for place in dict.fromkeys((*after, *before)):
            yield Pair(old=before.get(place), new=after.get(place), kind=each)


def _kind(old: Sequence[Found], new: Sequence[Found]) -> Kind | None:
    """Return the one kind that bare policies are of, None for templates; raise InputError."""
    bare = [each for each in (*old, *new) if not each.place]
    kinds = {each.kind for each in (*old, *new)} - {None}
    if len(bare) == 2 and len(kinds) > 1:
        raise InputError("one is a bucket policy, the other a key policy")
    if any(each.kind is None for each in bare) and len(kinds) != 1:
        raise InputError("a policy does not say what it is attached to: pass --kind")
    return kinds.pop() if bare and len(kinds) == 1 else None


def compared(pair: Pair, options: Options, since: float) -> list[Difference]:
    """Compare in every deployment; a change counts that each of them has."""
    choices = _choices(pair)
    told: dict[Change, list[tuple[Difference, str]]] = {}
    for assignment in assignments(choices):
        old, new = _at(pair.old, assignment), _at(pair.new, assignment)
        if old or new:
            for each in _differences(pair.kind, old, new, options, since):
                told.setdefault(each.change, []).append((each, label(assignment, choices)))
    return [_joined(change, each) for change, each in told.items()]


def moved(pair: Pair) -> str:
    """Say that a policy moved to another bucket, where it is compared; empty where it did not."""
    names = [{world.bucket for each in _assigned(side) if (world := _at(side, each))} for side in (pair.old, pair.new)]
    (was,), (now,) = names if all(len(each) == 1 for each in names) else ([None], [None])
    if was == now or None in {was, now}:
        return ""
    return f"{pair.place or 'policy'}: the bucket was `{was}`, now it is `{now}`; compared on the latter"


def _assigned(found: Found | None) -> Iterator[dict[str, Assigned]]:
    yield from assignments(found.choices) if found else ()


def _choices(pair: Pair) -> dict[str, tuple[Assigned, ...]]:
    """Return what either side depends on, with the values of both."""
    sides = [each.choices for each in (pair.old, pair.new) if each]
    merged: dict[str, tuple[Assigned, ...]] = {}
    for name in dict.fromkeys(name for side in sides for name in side):
        values = [value for side in sides for value in side.get(name, ())]
        known = tuple(dict.fromkeys(each for each in values if isinstance(each, str)))
        others = [each for each in values if isinstance(each, Other)]
        merged[name] = (*known, *([Other(known if any(each.than for each in others) else ())] if others else []))
    return bounded(merged)


def _at(found: Found | None, assignment: Mapping[str, Assigned]) -> World | None:
    if found is None:
        return None
    return found.at({name: value for name, value in assignment.items() if name in found.choices})


def _differences(
    kind: Kind, old: World | None, new: World | None, options: Options, since: float
) -> Iterator[Difference]:
    """Compare without and with the callers that an open principal may name; a change may depend on them."""
    one = new or old
    if one is None:
        return
    before, after = (each.policy if each else _default(kind, one.account, options.partition) for each in (old, new))
    named = [(each.callers if each else None) or policy for each, policy in ((old, before), (new, after))]
    bucket = one.bucket or (old.bucket if old else None)
    found = compare(before, after, _space(kind, (before, after), one.account, bucket, options, since)).changes
    others = found
    if any(each and each.callers for each in (old, new)):
        others = compare(before, after, _space(kind, named, one.account, bucket, options, since)).changes
    for change, answer in found.items():
        if type(answer) is type(others[change]):
            yield _difference(change, answer, before, after)
        else:
            names = dict.fromkeys((*before.defects, *after.defects))
            reason = f"the answer depends on {'; '.join(names)}"
            yield Difference(change=change, answer="inconclusive", reason=reason)


def _space(
    kind: Kind, policies: Sequence[Policy], own: str, bucket: str | None, options: Options, since: float
) -> Space:
    if kind is Kind.KEY:
        return key_space(policies[0], policies[1], own, options.partition, since)
    if bucket is None:
        raise InputError("the resources name no single bucket: pass --bucket")
    return bucket_space(policies[0], policies[1], bucket, own, options.partition, since)


def _default(kind: Kind, account: str, partition: str) -> Policy:
    """Return what holds without a policy (KMS Developer Guide, "Default key policy")."""
    if kind is Kind.BUCKET:
        return EMPTY
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"}}
    return parse_policy({"Version": "2012-10-17", "Statement": [{**root, "Action": "kms:*", "Resource": "*"}]})


def _difference(change: Change, answer: Answer, before: Policy, after: Policy) -> Difference:
    match answer:
        case Proved():
            return Difference(change=change, answer="proved")
        case Inconclusive(reason):
            return Difference(change=change, answer="inconclusive", reason=reason)
        case Refuted():
            request = answer.counterexample
            was, now = _outcome(before, request), _outcome(after, request)
            return Difference(change=change, answer="refuted", request=request, before=was, after=now)


def _outcome(policy: Policy, request: Request) -> str:
    found = authorize(policy, request)
    by = ", ".join(f"`{each.label}`" for each in found.determining)
    return f"{found.outcome}{f' by {by}' if by else ''}"


def _joined(change: Change, told: Sequence[tuple[Difference, str]]) -> Difference:
    """Return what holds in every deployment; where they differ, it depends on what is not known."""
    by_answer = {each.answer: (each, which) for each, which in reversed(told)}
    if len(by_answer) == 1:
        return told[0][0]
    reasons = (f"{answer} with {which}" for answer, (_, which) in sorted(by_answer.items()))
    return Difference(change=change, answer="inconclusive", reason="; ".join(reasons))
