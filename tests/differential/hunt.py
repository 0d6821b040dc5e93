"""Each question straight from its definition, hunted for in a small world with the plain evaluator."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any

from differential.world import Caller, Value, World
from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION, TAGGING, without_accounts
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.authorize import applies, clauses
from s3_guardrails.policy.document import Policy, Statement
from s3_guardrails.policy.request import Request

MODE = "s3:x-amz-server-side-encryption"
KEY_ID = f"{MODE}-aws-kms-key-id"
CUSTOMER = f"{MODE}-customer-algorithm"
Situation = Mapping[str, Value]
Score = Callable[[Request], int]

HTTP: Situation = {"aws:securetransport": "false", "s3:tlsversion": None}


def tls(version: str) -> Situation:
    return {"aws:securetransport": "true", "s3:tlsversion": version}


def hunt(topic: str, policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    """Return requests that violate the property, or nothing where none was found."""
    return _HUNTS[topic](policy, own, params, random)


def _tls(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    world = World(policy, "s3", random)
    older = {"1.1": ["1.0"], "1.2": ["1.0", "1.1"]}.get(params.get("minimum", ""), [])
    callers = _wanted(world.callers(), params)
    via = [{}] if params.get("via", True) else [{"aws:viaawsservice": "false"}]
    situations = [{**each, **one} for each in (HTTP, *map(tls, older)) for one in via]
    return _one(world.climb(callers, _s3_actions(policy, random), situations, let_through(policy)))


def _wanted(callers: list[Caller], params: Mapping[str, Any]) -> list[Caller]:
    kept = [each for each in callers if params.get("services", True) or each.kind != "service"]
    return [each for each in kept if each.context.get("aws:principalarn") not in params.get("principals", ())]


def _sse(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    world = World(policy, "s3", random)
    situations = [
        {MODE: None, KEY_ID: None, CUSTOMER: None, **headers, **transport}
        for headers, ends_in, http in writes(own, params, world.texts)
        if not accepted(ends_in, params)
        for transport in ([HTTP] if http else []) + [tls("1.2"), tls("1.0"), tls("1.3")]
    ]
    callers = _wanted(world.callers(), params)
    return _one(world.climb(callers, ["s3:PutObject"], situations, let_through(policy)))


def writes(
    own: str, params: Mapping[str, Any], texts: Iterable[str]
) -> Iterator[tuple[Situation, tuple[str, str | None], bool]]:
    """Yield headers as context keys, what the write ends in (mode and key, None for aws/s3), whether HTTP is possible.

    S3 User Guide: without a header the default applies; `aws:kms` without a key id means aws/s3. What the key-id
    context key holds where the header is absent is not documented, so both possibilities are yielded.
    """
    aws = f"arn:aws:kms:us-east-1:{own}:key/aws-managed-s3-key"
    algorithm = params.get("default") or "AES256"
    default = params.get("default_key")
    written = [text for text in texts if ":kms:" in text or text.startswith("alias/")]
    yield {}, (algorithm, default), True
    if algorithm != "AES256":
        yield {KEY_ID: default or aws}, (algorithm, default), True
    yield {MODE: "AES256"}, ("AES256", None), True
    for mode in ("aws:kms", "aws:kms:dsse"):
        yield {MODE: mode}, (mode, None), False
        yield {MODE: mode, KEY_ID: aws}, (mode, None), False
        yield {MODE: mode, KEY_ID: "alias/aws/s3"}, (mode, None), False
        others = (
            "other/x",
            "alias/x",
            f"arn:aws:kms:us-east-1:{own}:key/1234",
            "arn:aws:kms:eu-west-1:999999999999:key/1",
        )
        for key in dict.fromkeys((*params.get("keys", ()), *written, *others)):
            named = key.replace("*", "1")
            yield {MODE: mode, KEY_ID: named}, (mode, named), False
    if "SSE-C" not in params.get("blocked", ()):
        yield {CUSTOMER: "AES256"}, ("SSE-C", None), False


def accepted(ends_in: tuple[str, str | None], params: Mapping[str, Any]) -> bool:
    """Is the mode accepted with this key? Where keys are listed, aws/s3 is none of them."""
    mode, key = ends_in
    if mode not in params["modes"]:
        return False
    keys = params.get("keys")
    if mode == "AES256" or not keys:
        return True
    return key is not None and any(key == each or (each[-1] == "*" and key.startswith(each[:-1])) for each in keys)


def _service(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    return _outside(policy, own, params, random, "service")


def _lockout(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    """Somebody of the account who changes the policy."""
    world = World(policy, "kms", random)
    callers = [each for each in world.callers() if each.account == own]
    return _one(world.climb(callers, ["kms:PutKeyPolicy"], [tls("1.2")], allowed(policy)))


def _outside(
    policy: Policy, own: str, params: Mapping[str, Any], random: Random, kind: str | None = None
) -> list[Request]:
    world = World(policy, "kms", random)
    trusted = {own, *params.get("inside", ())}
    callers = [
        each
        for each in world.callers()
        if kind in {None, each.kind} and is_outside(each.context, each.account, each.principal, trusted, params)
    ]
    names = [f"kms:{each}" for each in sorted(ADMINISTRATION | CRYPTOGRAPHY | TAGGING | {"CreateGrant"})]
    return _one(world.climb(callers, names, [tls("1.2")], allowed(policy), 12))


def is_outside(
    context: Mapping[str, Value], account: str | None, principal: str, trusted: set[str], params: Mapping[str, Any]
) -> bool:
    """Is the caller, or whoever a service may act for, neither of a trusted account nor of a trusted organization?"""
    organizations = set(params.get("org", ()))
    if context.get("aws:principalisawsservice") == "true":
        arn = context.get("aws:sourcearn")
        named = arn.split(":")[4] if isinstance(arn, str) else None
        source, organization = context.get("aws:sourceaccount"), _organization(context, "source")
        accepted_service = principal in params.get("services_ok", ())
        return not accepted_service and not {named, source} & trusted and organization not in organizations
    return account not in trusted and _organization(context, "principal") not in organizations


def _organization(context: Mapping[str, Value], whose: str) -> str | None:
    found, paths = context.get(f"aws:{whose}orgid"), context.get(f"aws:{whose}orgpaths")
    return found if isinstance(found, str) else paths[0].split("/")[0] if paths else None


def _both(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    reduced = without_accounts(policy)
    world = World(reduced, "kms", random)
    for callers, pinned in _each_principal(world, random):
        found = []
        for names in (ADMINISTRATION, CRYPTOGRAPHY):
            listed = [f"kms:{each}" for each in sorted(names)]
            request = world.climb(callers, listed, _grants(world), allowed(reduced), 4, pinned)
            if request is None:
                break
            found.append(request)
        else:
            return found
    return []


def _grants(world: World) -> list[Situation]:
    """RevokeGrant for an AWS resource is no administration."""
    return [{**tls("1.2"), "kms:grantisforawsresource": each} for each in ("false", None)]


def _each_principal(world: World, random: Random, most: int = 8) -> Iterator[tuple[list[Caller], dict[str, Value]]]:
    """Yield principals but root users as they may call, with tags that stay the same from request to request.

    Those that the policy names come first.
    """
    by_identity: dict[str, list[Caller]] = {}
    for each in world.callers():
        if each.kind != "root":
            by_identity.setdefault(each.identity, []).append(each)
    named = [each for each in by_identity if any(by_identity[each][0].principal == text for text in world.texts)]
    others = sorted(set(by_identity) - set(named))
    for identity in (*named[:most], *random.sample(others, min(most // 2, len(others)))):
        tags = {key: random.choice(world.free(key)) for key in world.used if key.startswith("aws:principaltag/")}
        yield by_identity[identity], tags


def _wildcard(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    reduced = without_accounts(policy, only=own)
    world = World(reduced, "kms", random)
    names = [each.full_name for each in actions("kms")]
    for callers, pinned in _each_principal(world, random, 4):
        found = []
        for name in random.sample(names, len(names)):
            request = world.climb(callers, [name], [tls("1.2")], allowed(reduced), 8, pinned)
            if request is None:
                break
            found.append(request)
        else:
            return found
    return []


def _writeonly(policy: Policy, own: str, params: Mapping[str, Any], random: Random) -> list[Request]:
    reduced = without_accounts(policy)
    world = World(reduced, "kms", random)
    declared = set(params["principals"])
    callers = [each for each in world.callers() if each.context.get("aws:principalarn") in declared]
    names = [f"kms:{each}" for each in sorted(DECRYPTION)]
    not_through_s3 = {"kms:viaservice": None} if params.get("multipart") else {}
    return _one(world.climb(callers, names, [{**tls("1.2"), **not_through_s3}], allowed(reduced)))


def let_through(policy: Policy) -> list[Score]:
    """Score 0: certainly not denied."""
    denies = policy.denies
    return [lambda request: sum(applies(each, request) is not False for each in denies)]


def met(statement: Statement) -> Score:
    """Score 0: the statement applies."""
    return lambda request: sum(truth is not True for _, truth in clauses(statement, request))


def allowed(policy: Policy) -> list[Score]:
    """Score 0: certainly allowed, by one statement; a score for each."""
    (denied,) = let_through(policy)

    def by(score: Score) -> Score:
        return lambda request: denied(request) + score(request)

    return [by(met(each)) for each in policy.allows]


def _one(request: Request | None) -> list[Request]:
    return [] if request is None else [request]


def _s3_actions(policy: Policy, random: Random) -> list[str]:
    names = [each.full_name for each in actions("s3")]
    usual = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
        "s3:GetBucketPolicy",
        "s3:DeleteObject",
        "s3:ReplicateObject",
    ]
    return [*usual, *random.sample(names, 12)]


_HUNTS = {
    "tls": _tls,
    "sse": _sse,
    "kms-outside": _outside,
    "kms-both": _both,
    "kms-wildcard": _wildcard,
    "kms-writeonly": _writeonly,
    "kms-service": _service,
    "kms-lockout": _lockout,
}
