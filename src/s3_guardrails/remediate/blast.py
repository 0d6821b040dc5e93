"""The blast radius of a policy change: requests that were let through, that nobody wants denied, and that now are.

It is decided by comparing the two policies over spaces of requests. Only *proved empty* counts as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.compare import Change, changed
from s3_guardrails.policy.document import Effect, Policy
from s3_guardrails.policy.domain import constants, language
from s3_guardrails.policy.explain import sentence
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS, bucket_actions, https, network
from s3_guardrails.policy.tokens import Pattern
from s3_guardrails.remediate.change import Concern, Refusal

ANY_TRANSPORT = Group("transport", (https(*TLS_VERSIONS), PLAIN_HTTP))


@dataclass(frozen=True, slots=True)
class Replacement:
    """A bucket's policy before and after a change."""

    bucket: Bucket
    before: Policy
    after: Policy

    def callers(self) -> Group:
        """Return everybody who may call, with those whom either policy names."""
        both = replace(self.after, statements=(*self.before.statements, *self.after.statements))
        return Callers(own=self.bucket.account, partition=self.bucket.partition).group(both)

    def space(self, callers: Group, actions: Group, *more: Group) -> Space:
        """Return the requests of these groups on the bucket, from any network."""
        own = constants(self.bucket.account)
        fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own}
        return Space("s3", (callers, actions, network(), *more), self.bucket.as_of, fixed)

    def every_action(self) -> Group:
        """Return the actions of today and one that stands for those to come."""
        return bucket_actions(self.bucket.arn, future=True)

    def newly_denied(self, space: Space) -> Answer:
        """Decide whether no request of the space was let through before and is denied after."""
        return changed(self.before, self.after, space, Change.NEWLY_DENIED)


def harm(change: Replacement, untouched: Iterable[Space]) -> Iterator[Refusal]:
    """Refuse a change that denies more than it should, or of which that is not decided.

    `untouched`: all requests that must be answered as before.
    """
    for space in untouched:
        match change.newly_denied(space):
            case Refuted() as found:
                what = f"the change would also deny what nobody wants denied: {sentence(found.counterexample)}"
                yield Refusal("BLAST_RADIUS", what, "change the policy by hand, so that such requests stay possible")
            case Inconclusive() as open_:
                what = f"it is open whether the change would deny more than it should: {open_.reason}"
                yield Refusal("BLAST_RADIUS_UNDECIDED", what, "mend that part of the policy, or change it by hand")
            case Proved():
                pass


def loosened(change: Replacement) -> Iterator[Concern | Refusal]:
    """Tell of requests that were denied and no longer are: a change may only take back statements of its own."""
    if _only_denies_more(change):
        return
    space = change.space(change.callers(), change.every_action(), ANY_TRANSPORT)
    for kind in (Change.NO_LONGER_DENIED, Change.NEWLY_ALLOWED):
        match changed(change.before, change.after, space, kind):
            case Refuted() as found:
                yield Concern("LOOSENED", f"{kind}, since the parameters changed: {sentence(found.counterexample)}")
                return
            case Inconclusive() as open_:
                what = f"it is open whether the change lets more through than before: {open_.reason}"
                yield Refusal("BLAST_RADIUS_UNDECIDED", what, "mend that part of the policy, or change it by hand")
                return
            case Proved():
                pass


def _only_denies_more(change: Replacement) -> bool:
    """Is every statement still there, and every new one a Deny? Then nothing more is let through."""
    old, new = ([each.source for each in policy.statements] for policy in (change.before, change.after))
    added = [each for each in change.after.statements if each.source not in old]
    same = change.before.version == change.after.version
    return same and all(each in new for each in old) and all(each.effect is Effect.DENY for each in added)


def spared(everybody: Group, asked: Callers) -> Group | None:
    """Return those of all callers whom a question leaves out: services, forwarded requests, listed principals."""
    found = [each for caller in everybody.alternatives for each in _spared(caller, asked)]
    return Group(everybody.name, tuple(found)) if found else None


def _spared(caller: Alternative, asked: Callers) -> Iterator[Alternative]:
    if caller.kind == "service":
        if not asked.services:
            yield caller
        return
    via = caller.domains["aws:viaawsservice"].values or ()
    if not asked.via_services and "true" in via:
        yield replace(caller, domains={**caller.domains, "aws:viaawsservice": constants("true")})
    if asked.without:
        yield from _listed(caller, tuple(map(language, asked.without)))


def _listed(caller: Alternative, patterns: tuple[Pattern, ...]) -> Iterator[Alternative]:
    """Return those of the callers that match a list: of a symbolic caller some, of a single one all or none."""
    if "@caller" in caller.domains:
        listed = replace(caller.domains["@caller"], must=patterns)
        yield replace(caller, domains={**caller.domains, "@caller": listed})
    elif caller.kind == "other" and caller.principal and union(patterns).matches(caller.principal):
        yield caller
