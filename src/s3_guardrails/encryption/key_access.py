"""Questions about key policies: outside access, administration and use together, wildcards, write-only principals.

Source: KMS Developer Guide, "Key policies in AWS KMS" and "Permissions for AWS KMS"; Service Authorization Reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from s3_guardrails.errors import ParameterError
from s3_guardrails.policy.actions import Action, actions
from s3_guardrails.policy.callers import Callers, of_accounts
from s3_guardrails.policy.document import Effect, Policy, Principal, PrincipalKind, Statement
from s3_guardrails.policy.domain import NAME, PART, SEGMENT, Domain, constants, texts
from s3_guardrails.policy.keys import family
from s3_guardrails.policy.literal import covers
from s3_guardrails.policy.prove import Answer, Question, prove
from s3_guardrails.policy.service_callers import ACCOUNT, in_account
from s3_guardrails.policy.space import Group, Space, keys_used
from s3_guardrails.policy.targets import ONLY_TLS, key_actions, network

TAGGING: Final = frozenset({"TagResource", "UntagResource"})
ADMINISTRATION: Final = frozenset(
    {
        "CancelKeyDeletion",
        "CreateAlias",
        "DeleteAlias",
        "DeleteImportedKeyMaterial",
        "DisableKey",
        "DisableKeyRotation",
        "EnableKey",
        "EnableKeyRotation",
        "ImportKeyMaterial",
        "PutKeyPolicy",
        "ReplicateKey",
        "RevokeGrant",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "UpdateAlias",
        "UpdateKeyDescription",
        "UpdatePrimaryRegion",
    }
)
"""Actions that change a key. Tags are apart: they matter to an outsider, not to the separation of duties."""

CRYPTOGRAPHY: Final = frozenset(
    {
        "Decrypt",
        "DeriveSharedSecret",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
"""Actions that use a key. CreateGrant is a class of its own: the console gives it to administrators and users alike."""

DECRYPTION: Final = frozenset({"Decrypt", "ReEncryptFrom"})
"""Actions that recover plaintext, at once or under another key."""

GRANTS_FOR_SERVICES: Final = {
    name: {"kms:grantisforawsresource": constants("false", absent=True)} for name in ("CreateGrant", "RevokeGrant")
}
"""Leaves out grant actions bound to AWS resources, which the console gives to key users: neither of the two duties."""

_LOGS: Final = f"arn:{SEGMENT}:logs:{SEGMENT}:{ACCOUNT}:"
_TRAILS: Final = f"arn:{SEGMENT}:cloudtrail:{SEGMENT}:{ACCOUNT}:"
SERVICE_CONTEXTS: Final = (
    (
        r"logs(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?",
        "aws:logs:arn",
        (f"{_LOGS}log-group:{PART}", f"{_LOGS}log-group:{PART}:{PART}", f"{_LOGS}log-group:{PART}:log-stream:{PART}"),
    ),
    (
        r"cloudtrail\.amazonaws\.com",
        "aws:cloudtrail:arn",
        (f"{_TRAILS}trail/{NAME}", f"{_TRAILS}eventdatastore/{NAME}"),
    ),
    (r"(delivery\.logs|events)\.amazonaws\.com", "sourcearn", (f"{_LOGS}{PART}", f"{_LOGS}{PART}:{PART}")),
)
"""Encryption contexts that a service sets itself and that name the account it works for, so they bind the source.

CloudWatch Logs User Guide, "Encrypt log data using AWS KMS"; CloudTrail User Guide, "Configure AWS KMS key policies";
EventBridge User Guide, "Encrypting event bus logs".
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuestions:
    """The questions about one key. `key_arn` is None where only the policy is known: any key of the account then.

    `inside`: further trusted accounts; `organizations`: trusted organization ids; `accepted_services`: service
    principals that need no source binding.
    """

    own: str
    key_arn: str | None = None
    inside: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    accepted_services: frozenset[str] = frozenset()
    partition: str = "aws"
    since: float = 0.0

    def outside(self, policy: Policy, *, services: bool = True, others: bool = True) -> Answer:
        """Can nobody outside the trusted accounts and organizations use or administer the key?

        A service counts as outside where it may act for somebody outside (the confused deputy). `services` and
        `others` ask about AWS services, or about everybody else, alone.
        """
        trusted = self.inside | {self.own}
        callers = Callers(
            own=self.own,
            partition=self.partition,
            anonymous=False,
            services=services,
            outside=trusted,
            organizations=self.organizations,
            accepted_services=self.accepted_services,
            extra=self._contexts(policy, trusted),
        )
        group = callers.group(policy)
        if not others:
            group = Group(group.name, tuple(each for each in group.alternatives if each.kind == "service"))
        wanted = ADMINISTRATION | CRYPTOGRAPHY | TAGGING | {"CreateGrant"}
        return prove(policy, Question((self.space(group, wanted),), allowed=True))

    def both(self, policy: Policy, among: Group | None = None) -> Answer:
        """Does no principal (of `among`) hold an administration action and a cryptographic one?"""
        group = among or self.principals().group(policy)
        spaces = (self.space(group, ADMINISTRATION, GRANTS_FOR_SERVICES), self.space(group, CRYPTOGRAPHY))
        return prove(without_accounts(policy), Question(spaces, allowed=True))

    def wildcard(self, policy: Policy, among: Group | None = None) -> Answer:
        """Does no principal (of `among`) but the account's root hold every action on the key?"""
        reduced = without_accounts(policy, only=self.own)
        group = among or self.principals(roots=True).group(reduced)
        spaces = tuple(self.space(group, {each.name}) for each in distinct_actions(reduced))
        return prove(reduced, Question(spaces, allowed=True))

    def write_only(self, policy: Policy, principal: str, *, through_s3: bool = False) -> Answer:
        """Can the principal not decrypt? `through_s3`: it may through S3, as multipart uploads need."""
        callers = Callers(own=self.own, partition=self.partition, only=(principal,), anonymous=False, services=False)
        fixed = {"kms:viaservice": texts("?*", absent=True, avoid=("s3.*",))} if through_s3 else {}
        space = self.space(callers.group(policy), DECRYPTION, fixed=fixed)
        return prove(without_accounts(policy), Question((space,), allowed=True))

    def locked_out(self, policy: Policy) -> Answer:
        """Is there no principal of the account that may change the policy? Proved is the bad news here.

        The account statement counts: through it identity policies can allow the change.
        """
        own = frozenset({self.own})
        callers = Callers(own=self.own, partition=self.partition, anonymous=False, services=False)
        group = callers.group(policy)
        within = Group(group.name, tuple(found for each in group.alternatives if (found := of_accounts(each, own))))
        return prove(policy, Question((self.space(within, {"PutKeyPolicy"}),), allowed=True))

    def principals(self, *, roots: bool = False, without: tuple[str, ...] = ()) -> Callers:
        """Return everybody but root users; with `roots`, everybody but the own account's root user."""
        own_root = (f"arn:{self.partition}:iam::{self.own}:root",) if roots else ()
        spared = (*own_root, *without)
        return Callers(own=self.own, partition=self.partition, anonymous=False, roots=roots, without=spared)

    def space(
        self,
        callers: Group,
        names: frozenset[str] | set[str],
        domains: dict[str, dict[str, Domain]] | None = None,
        fixed: dict[str, Domain] | None = None,
    ) -> Space:
        """Return the requests of these callers for these actions; `domains` and `fixed`: keys with only some values."""
        regions = ("us-east-1", SEGMENT)
        any_key = texts(*(f"arn:{self.partition}:kms:{each}:{self.own}:key/{NAME}" for each in regions))
        key = constants(self.key_arn) if self.key_arn else any_key
        groups = (callers, key_actions(key, names, domains), network(), Group("transport", (ONLY_TLS,)))
        own = {"aws:resourceaccount": constants(self.own)}
        return Space("kms", groups, self.since, {**own, **(fixed or {})})

    def _contexts(self, policy: Policy, trusted: frozenset[str]) -> dict[str, dict[str, Domain]]:
        """The encryption contexts that services set, when they act for somebody outside."""
        used = keys_used(policy.statements)
        services = {
            each.value
            for statement in policy.statements
            for each in statement.principals
            if each.kind is PrincipalKind.SERVICE
        }
        found: dict[str, dict[str, Domain]] = {}
        for service in services:
            for names, context, arns in SERVICE_CONTEXTS:
                key = f"kms:encryptioncontext:{context}"
                if key in used and re.fullmatch(names, service):
                    avoid = tuple(in_account(account) for account in sorted(trusted))
                    found[service] = {key: texts(*arns, absent=True, avoid=avoid)}
        return found


def without_accounts(policy: Policy, *, only: str | None = None) -> Policy:
    """Leave out what hands the decision to an account's identity policies, which nobody sees here.

    An Allow for an account gives no principal access by itself (KMS Developer Guide, "Default key policy"). Account
    entries are left out of every Allow whose conditions do not name principals; with `only`, that account's entries.
    """
    return replace(policy, statements=tuple(_direct(policy, only)))


def _direct(policy: Policy, only: str | None) -> Iterator[Statement]:
    for each in policy.statements:
        names_principals = any(re.match(_NAMING, condition.name) for condition in each.conditions)
        if each.effect is Effect.DENY or each.not_principal or names_principals:
            yield each
            continue
        kept = tuple(entry for entry in each.principals if not _delegates(entry, only))
        if kept or not each.principals:
            yield replace(each, principals=kept)


_NAMING: Final = r"aws:(principalarn|userid|username|principaltag/)"
_ROOT: Final = r"arn:[^:]+:iam::[^:]*:root"


def _delegates(entry: Principal, only: str | None) -> bool:
    """Is this an account, also one whose id is still a placeholder?"""
    if only is None and entry.kind is PrincipalKind.ARN and re.fullmatch(_ROOT, entry.value):
        return True
    return entry.kind is PrincipalKind.ACCOUNT and only in {None, entry.value}


def distinct_actions(policy: Policy) -> tuple[Action, ...]:
    """Return one action for each set of actions that the policy cannot tell apart."""
    used = {family(key) for key in keys_used(policy.statements)}
    found: dict[object, Action] = {}
    for action in actions("kms"):
        told_apart = tuple(covers(each.actions, action.full_name) for each in policy.statements)
        found.setdefault((told_apart, frozenset(action.keys & used)), action)
    return tuple(found.values())


def account_ids(text: str) -> tuple[str, ...]:
    """Read account ids; raise ParameterError."""
    return _each(text, r"[0-9]{12}", "an account id of 12 digits")


def organization_ids(text: str) -> tuple[str, ...]:
    """Read organization ids; raise ParameterError."""
    return _each(text, r"o-[a-z0-9]{10,32}", "an organization id such as o-a1b2c3d4e5")


def principal_arns(text: str) -> tuple[str, ...]:
    """Read ARNs of roles, users or role sessions; raise ParameterError."""
    form = r"arn:aws[a-z-]*:(iam::[0-9]{12}:(role|user)/.+|sts::[0-9]{12}:assumed-role/[^/]+/.+)"
    return _each(text, form, "the ARN of a role, a user or a role session")


def _each(text: str, form: str, expected: str) -> tuple[str, ...]:
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    for each in found:
        if not re.fullmatch(form, each):
            raise ParameterError(f"expected {expected}, found `{each}`")
    return found
