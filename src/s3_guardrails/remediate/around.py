"""Look around before a change is offered: read what surrounds the resource, and let the hazards judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.exemption.register import Register
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.live.shape import default_encryption
from s3_guardrails.live.simulate import simulate_key_use
from s3_guardrails.live.surroundings import read_surroundings
from s3_guardrails.logs.book import LogBook
from s3_guardrails.policy.document import Policy, PrincipalKind
from s3_guardrails.remediate.change import Proposal, Proposed, Refused
from s3_guardrails.remediate.hazard import BLOCK_SSE_C, bucket_hazards, key_hazards, needed
from s3_guardrails.remediate.hazard_evidence import Evidence, Hazards, Simulation, collected
from s3_guardrails.remediate.hazard_exemption import exempt
from s3_guardrails.remediate.logged import FROM_LOGS
from s3_guardrails.remediate.remediation import Case

MOST: Final = 20
"""Principals whose identity policies are asked; each takes a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Looks around in one account; `today` decides whether an exemption still holds.

    `aside`: codes of refusals that are told as notes only. `logs`: who called the account's buckets.
    """

    reader: LiveReader
    clients: SessionClients
    today: date
    exemptions: Register | Unreadable = Register()
    aside: frozenset[str] = frozenset()
    logs: LogBook | None = None

    def judged(self, name: str, case: Case[Any], proposal: Proposal) -> Proposal:
        """Return the proposal of a remediation with what speaks against it; raise LiveReadFailed."""
        if not isinstance(proposal, Proposed):
            return proposal
        exempted = collected(exempt(self.exemptions, type(case.rule).__name__, case.facts, self.today))
        if exempted.refusals:
            return Refused(refusals=exempted.refusals)
        found = (
            self._of_bucket(name, case, proposal) if isinstance(case.facts, Bucket) else self._of_key(case, proposal)
        )
        refusals = tuple(each for each in found.refusals if each.code not in self.aside)
        if refusals:
            return Refused(refusals=refusals)
        concerns = tuple(dict.fromkeys((*proposal.concerns, *exempted.concerns, *found.concerns)))
        told = tuple(each.sentence for each in found.refusals)
        return replace(proposal, concerns=concerns, notes=(*proposal.notes, *found.notes, *told))

    def _of_bucket(self, name: str, case: Case[Bucket], proposal: Proposed) -> Hazards:
        surroundings = read_surroundings(self.clients, self.reader.list_buckets, case.facts, needed(name))
        return self.hazards(name, case, proposal, surroundings)

    def hazards(self, name: str, case: Case[Bucket], proposal: Proposed, surroundings: Surroundings) -> Hazards:
        """Return what speaks against a change of a bucket whose surroundings are known; raise LiveReadFailed."""
        bucket = case.facts
        target = None if name == BLOCK_SSE_C else self._target(proposal)  # that leaves the default alone
        policy = bucket.policy if isinstance(bucket.policy, Policy) else None
        evidence = Evidence(
            role=case.caller,
            target=target,
            simulation=self._simulated(target, policy) if target else None,
            accept_unknown_sse_c=getattr(case.options, "accept_unknown_sse_c", False),
        )
        if self.logs and name in FROM_LOGS:
            evidence = FROM_LOGS[name](evidence, self.logs, bucket, proposal)
        return bucket_hazards(name, bucket, surroundings, proposal, self.today, evidence)

    def _of_key(self, case: Case[Key], proposal: Proposed) -> Hazards:
        key = case.facts
        changes = "key_policy" in proposal.after and isinstance(key.policy, Policy)
        simulation = self._simulated(key, key.policy) if changes and isinstance(key.policy, Policy) else None
        return key_hazards(key, proposal, self.today, Evidence(role=case.caller, simulation=simulation))

    def _target(self, proposal: Proposed) -> Key | None:
        """Return the key that the default would name, with what it says of itself; None where it names none by ARN."""
        if "encryption" not in proposal.after:
            return None
        setting = default_encryption(proposal.after["encryption"], "encryption").key
        if not (setting and ":key/" in setting):
            return None
        key = self.reader.key(setting)
        for fact in ("metadata", "policy"):
            key = self.reader.complete_key(key, fact)
        return key

    def _simulated(self, key: Key, policy: Policy | Absent | Unreadable | None) -> Simulation:
        """Ask for the identity policies of the account's principals that a policy names; others may use it too."""
        named = _own_principals(policy, self.reader.account) if isinstance(policy, Policy) else ()
        asked = tuple(dict.fromkeys(named))[:MOST]
        return Simulation(simulate_key_use(self.clients, key, asked))


def _own_principals(policy: Policy, account: str) -> Iterator[str]:
    for statement in policy.allows:
        for each in statement.principals:
            if each.kind is PrincipalKind.ARN and each.value.split(":")[4:5] == [account]:
                yield each.value
