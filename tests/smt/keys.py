"""The questions about key policies: outsiders, administration and use together, wildcards, write-only principals."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from smt.case import BOOLEAN, Case, Option, Policy, found, with_variables
from smt.reduce import without_accounts
from smt.scope import Scope
from smt.statements import conditions
from smt.terms import Formula, Terms
from smt.world import Caller, Request, Value

ADMINISTRATION = {
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
CRYPTOGRAPHY = {
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
FOR_OUTSIDERS = {*ADMINISTRATION, *CRYPTOGRAPHY, "TagResource", "UntagResource", "CreateGrant"}


def _kms(policy: Policy, own: str, params: Mapping[str, Any], since: float) -> Case:
    named = set(re.findall(rf"arn:(aws[a-z-]*):iam::{own}:", json.dumps(policy)))
    partition = named.pop() if len(named) == 1 else "aws"
    return Case(Terms(), "kms", own, since, with_variables(policy), key=params.get("key"), partition=partition)


def encrypted(terms: Terms) -> dict[str, Value]:
    """KMS answers over TLS only."""
    return {"aws:securetransport": Value(True, (terms.string("true"),), "boolean", finite=BOOLEAN)}


def _allowed(case: Case, scope: Scope, groups: Sequence[Sequence[Option]]) -> str:
    """Search requests of one caller, one for each group of options, that are all allowed."""

    def hunt(caller: Caller, lenient: bool) -> tuple[list[Request], Formula]:
        fixed = encrypted(case.terms)
        requests = [case.request(f"request {index}", caller, each, fixed) for index, each in enumerate(groups)]
        return requests, case.terms.both(*(case.allowed(each, lenient=lenient) for each in requests))

    return found(case, scope, hunt)


def outside(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    return _outsiders(policy, own, params, since, people=True)


def _outsiders(policy: Policy, own: str, params: Mapping[str, Any], since: float, *, people: bool) -> str:
    case = _kms(policy, own, params, since)
    used = {key.lower() for statement, _ in case.statements for _, key, _ in conditions(statement)}
    scope = case.scope(
        anonymous=False,
        people=people,
        trusted=frozenset({own, *(params.get("inside") or ())}),
        organizations=frozenset(params.get("org") or ()),
        accepted_services=frozenset(params.get("services_ok") or ()),
        contexts=frozenset(key for key in used if key.startswith("kms:encryptioncontext:")),
    )
    return _allowed(case, scope, [case.options(FOR_OUTSIDERS)])


def both(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    case = _kms(without_accounts(policy), own, params, since)
    groups = [case.options(ADMINISTRATION, bind_grants=True), case.options(CRYPTOGRAPHY)]
    return _allowed(case, case.scope(anonymous=False, roots=False), groups)


def wildcard(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    case = _kms(without_accounts(policy, only=own), own, params, since)
    groups = [[option] for option in case.options()]
    return _allowed(case, case.scope(anonymous=False, own_root=False), groups)


def writeonly(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    case, answers = _kms(without_accounts(policy), own, params, since), set()
    for principal in params["principals"]:
        options = case.options(["Decrypt", "ReEncryptFrom"])
        case.partition = principal.split(":")[1]

        def hunt(caller: Caller, lenient: bool, options: list[Option] = options) -> tuple[list[Request], Formula]:
            request = case.request("request", caller, options, encrypted(case.terms))
            parts = [case.allowed(request, lenient=lenient)]
            if params.get("multipart"):
                via = request.value("kms:viaservice")
                through_s3 = via.entries and case.terms.within(via.entries[0], case.terms.glob("s3.*"))
                parts.append(case.terms.no(case.terms.both(via.present, through_s3)))
            return [request], case.terms.both(*parts)

        answers.add(found(case, case.scope(only=principal), hunt))
    return next(each for each in ("refuted", "open", "proved") if each in answers)


def service(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    """Can no AWS service use the key for somebody outside?"""
    return _outsiders(policy, own, params, since, people=False)


def lockout(policy: Policy, own: str, params: Mapping[str, Any], since: float, _: str) -> str:
    """Can somebody in the account change the policy? A request that does so is the proof."""
    case = _kms(policy, own, params, since)
    scope = case.scope(anonymous=False, services=False, within=own)
    answer = _allowed(case, scope, [case.options(["PutKeyPolicy"])])
    return {"refuted": "proved", "proved": "refuted"}.get(answer, answer)
