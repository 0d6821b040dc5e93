"""Random policies that nearly hold: the guarantee stands there, possibly in halves that meet exactly, one thing is off.

Every draw is a function of the topic and a seed. The values are few, so that conditions meet and miss each other.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from smt.bends import bend

OWN, INSIDE, OTHER = "111122223333", "444455556666", "999999999999"
BUCKET, ORG = "bk", "o-exampleorg1"
ARN = f"arn:aws:s3:::{BUCKET}"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"
OTHER_KEY = f"arn:aws:kms:us-east-1:{OWN}:key/22222222-aaaa-bbbb-cccc-000000000002"
WRITER, ADMIN = f"arn:aws:iam::{OWN}:role/writer", f"arn:aws:iam::{OWN}:role/team/admin"
SESSION = f"arn:aws:sts::{OWN}:assumed-role/writer/alice"
SINCE = 1_795_000_000.0
MODE = "s3:x-amz-server-side-encryption"
KEY_ID, CUSTOMER = f"{MODE}-aws-kms-key-id", f"{MODE}-customer-algorithm"
COMPARISONS = ("compare", "compare-allowed", "compare-equal")
TOPICS = (
    *("tls", "sse", "kms-outside", "kms-both", "kms-wildcard", "kms-writeonly", "kms-service", "kms-lockout"),
    *COMPARISONS,
)

Statement = dict[str, Any]


@dataclass(frozen=True)
class Draw:
    """A policy to be asked about; `old` is the other policy of a comparison."""

    topic: str
    policy: dict[str, Any]
    params: dict[str, Any]
    old: dict[str, Any] | None = None
    own: str = OWN
    bucket: str | None = None
    since: float = SINCE
    seed: int = field(default=-1, compare=False)


def draw(topic: str, seed: int) -> Draw:
    """Return the policy of a seed."""
    random = Random(f"{topic} {seed}")  # noqa: S311 - a policy, not a secret
    statements, params = _BASES[topic](random)
    of_key = "kms:" in str([each["Action"] for each in statements])
    service = "kms-outside" if of_key else "s3"
    old = _policy(random, bend(random, service, statements)) if topic in COMPARISONS else None
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4))):
        statements = bend(random, service, statements)
    bucket = None if of_key else BUCKET
    return Draw(topic, _policy(random, statements), params, old, bucket=bucket, seed=seed)


def _policy(random: Random, statements: list[Statement]) -> dict[str, Any]:
    version = random.choice(("2012-10-17",) * 9 + ("2008-10-17", None))
    named = [{"Sid": f"S{index}", **each} for index, each in enumerate(statements)]
    written = named[0] if len(named) == 1 and random.random() < 0.1 else named
    return {**({"Version": version} if version else {}), "Statement": written}


def _on_bucket(effect: str, action: Any, conditions: dict[str, Any], resource: Any = None) -> Statement:
    both = [ARN, f"{ARN}/*"] if resource is None else resource
    return {"Effect": effect, "Principal": "*", "Action": action, "Resource": both, "Condition": conditions}


def _tls(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    params: dict[str, Any] = {}
    if random.random() < 0.25:
        params["services"] = False
    if random.random() < 0.1:
        params["via"] = False
    if random.random() < 0.15:
        params["principals"] = random.choice(([ADMIN], [WRITER, ADMIN], [f"arn:aws:iam::{OWN}:user/ann"]))
    statements = [_on_bucket("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})]
    if random.random() < 0.25:
        params["minimum"] = random.choice(("1.2", "1.3", "1.1"))
        older = {"NumericLessThan": {"s3:TlsVersion": random.choice((params["minimum"], "1.2"))}}
        statements.append(_on_bucket("Deny", "s3:*", older))
    return statements, params


def _sse(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    modes = random.choice((["aws:kms"], ["aws:kms", "aws:kms:dsse"], ["AES256"], ["aws:kms:dsse"]))
    params: dict[str, Any] = {"modes": modes}
    kms = "AES256" not in modes
    if kms and random.random() < 0.7:
        params["keys"] = random.choice(([KEY], [KEY, OTHER_KEY], [f"arn:aws:kms:*:{OWN}:key/*"]))
    default = random.choice((modes[0], modes[0], "AES256", "aws:kms"))
    params["default"] = default
    if default != "AES256":
        params["default_key"] = random.choice((KEY, KEY, OTHER_KEY, None))
    if random.random() < 0.3:
        params["blocked"] = ["SSE-C"]
    if random.random() < 0.25:
        params["services"] = False
    put = f"{ARN}/*"
    mode = random.choice(
        (
            {"StringNotEquals": {MODE: modes}},
            {"StringNotEqualsIfExists": {MODE: modes}},
            {"StringNotEquals": {MODE: modes}, "Null": {MODE: "false"}},
        )
    )
    statements = [_on_bucket("Deny", "s3:PutObject", mode, put)]
    if params.get("keys"):
        operator = random.choice(("StringNotEquals", "StringNotLike", "ArnNotLike", "StringNotEqualsIfExists"))
        key: dict[str, Any] = {operator: {KEY_ID: params["keys"]}}
        if random.random() < 0.4:
            key["StringLike"] = {MODE: "aws:kms*"}
        statements.append(_on_bucket("Deny", "s3:PutObject", key, put))
    if random.random() < 0.7:
        statements.append(_on_bucket("Deny", "s3:PutObject", {"Null": {CUSTOMER: "false"}}, put))
    return statements, params


def _on_key(effect: str, principal: Any, action: Any, conditions: dict[str, Any] | None = None) -> Statement:
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": action,
        "Resource": "*",
        "Condition": conditions or {},
    }


_ROOT = {"AWS": f"arn:aws:iam::{OWN}:root"}
_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
_MANAGE = ["kms:Create*", "kms:Put*", "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:ScheduleKeyDeletion"]
_GRANTS = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
_OF_RESOURCE = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def _console(random: Random) -> list[Statement]:
    """The console's own policy, in part."""
    statements = [
        _on_key("Allow", _ROOT, "kms:*"),
        _on_key("Allow", {"AWS": ADMIN}, _MANAGE),
        _on_key("Allow", {"AWS": WRITER}, _USE),
        _on_key("Allow", {"AWS": WRITER}, _GRANTS, _OF_RESOURCE),
    ]
    return [each for each in statements if random.random() < 0.8] or statements[:1]


def _binding(random: Random) -> tuple[Any, dict[str, Any]]:
    """Somebody, bound to our accounts or organization."""
    everybody = random.choice(("*", {"AWS": "*"}))
    service = {
        "Service": random.choice(("logs.us-east-1.amazonaws.com", "s3.amazonaws.com", "cloudtrail.amazonaws.com"))
    }
    logs = f"arn:aws:logs:us-east-1:{OWN}:*"
    return random.choice(
        (
            (everybody, {"StringEquals": {"kms:CallerAccount": OWN}}),
            (everybody, {"StringEquals": {"aws:PrincipalOrgID": ORG}}),
            (everybody, {"StringEquals": {"aws:PrincipalAccount": [OWN, INSIDE]}}),
            (everybody, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}}),
            (everybody, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/*"}}),
            (service, {"StringEquals": {"aws:SourceAccount": OWN}}),
            (service, {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:{OWN}:*"}}),
            (service, {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}}),
            ({"AWS": INSIDE}, {}),
        )
    )


def _key_params(random: Random) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if random.random() < 0.5:
        params["key"] = KEY
    if random.random() < 0.5:
        params["inside"] = [INSIDE]
    if random.random() < 0.5:
        params["org"] = [ORG]
    if random.random() < 0.2:
        params["services_ok"] = ["s3.amazonaws.com"]
    return params


def _outside(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    principal, condition = _binding(random)
    statements = [
        _on_key("Allow", _ROOT, "kms:*"),
        _on_key("Allow", principal, random.choice((_USE, "kms:*")), condition),
    ]
    if random.random() < 0.4:
        statements[1] = _on_key("Allow", principal, _USE)
        guard = random.choice(
            (
                {"StringNotEquals": {"kms:CallerAccount": OWN}},
                {"StringNotEquals": {"aws:PrincipalOrgID": ORG, "aws:SourceAccount": OWN}},
                {"StringNotEqualsIfExists": {"aws:PrincipalAccount": [OWN, INSIDE]}},
            )
        )
        statements.append(_on_key("Deny", "*", "kms:*", guard))
    return statements, _key_params(random)


def _both(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    statements = _console(random)
    if random.random() < 0.5:
        guard = random.choice(
            ({"ArnEquals": {"aws:PrincipalArn": ADMIN}}, {"ArnNotLike": {"aws:PrincipalArn": WRITER}})
        )
        statements.append(_on_key("Deny", "*", _USE, guard))
    return statements, _key_params(random)


def _wildcard(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    statements = _console(random)
    parts = random.choice((["kms:*"], ["kms:?*"], ["kms:*Key*", "kms:*"], ["kms:*e*", "kms:*i*", "kms:Put*"]))
    who = random.choice(({"AWS": ADMIN}, {"AWS": [WRITER, ADMIN]}, {"AWS": OTHER}, {"Service": "s3.amazonaws.com"}))
    statements += [_on_key("Allow", who, each) for each in parts]
    if random.random() < 0.6:
        taken = random.choice(("kms:ScheduleKeyDeletion", "kms:Decrypt", ["kms:Verify", "kms:Sign"], "kms:Enable*"))
        statements.append(_on_key("Deny", random.choice(("*", who)), taken, random.choice(({}, {}, _OF_RESOURCE))))
    return statements, _key_params(random)


def _writeonly(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    statements = [*_console(random)[:2], _on_key("Allow", {"AWS": WRITER}, ["kms:GenerateDataKey*", "kms:Encrypt"])]
    if random.random() < 0.5:
        statements.append(_on_key("Allow", {"AWS": [WRITER, SESSION]}, _USE))
        guard = random.choice(
            (
                {"ArnEquals": {"aws:PrincipalArn": WRITER}},
                {"StringNotLike": {"kms:ViaService": "s3.*.amazonaws.com"}},
                {"Null": {"kms:ViaService": "true"}},
            )
        )
        statements.append(_on_key("Deny", "*", ["kms:Decrypt", "kms:ReEncryptFrom"], guard))
    params = _key_params(random)
    params["principals"] = random.choice(([WRITER], [WRITER, ADMIN], [f"arn:aws:iam::{OWN}:user/ann"], [SESSION]))
    if random.random() < 0.4:
        params["multipart"] = True
    return statements, params


def _service(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    """A service bound to us, or not; possibly a Deny binds it."""
    bound = random.choice(
        (
            {"StringEquals": {"aws:SourceAccount": OWN}},
            {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:{OWN}:*"}},
            {"StringEquals": {"aws:SourceOrgID": ORG}},
            {"StringLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{OWN}:*"}},
            {"StringEquals": {"kms:CallerAccount": OWN}},
        )
    )
    service = random.choice(("logs.us-east-1.amazonaws.com", "s3.amazonaws.com", "cloudtrail.amazonaws.com"))
    who = random.choice(({"Service": service}, {"Service": service}, {"Service": "*"}, "*"))
    statements = [_on_key("Allow", _ROOT, "kms:*"), _on_key("Allow", who, _USE, bound)]
    if random.random() < 0.4:
        guard = {"StringNotEqualsIfExists": {"aws:SourceAccount": [OWN, INSIDE]}}
        flag = random.choice(({}, {"Bool": {"aws:PrincipalIsAWSService": "true"}}))
        statements = [statements[0], _on_key("Allow", who, _USE), _on_key("Deny", "*", "kms:*", {**guard, **flag})]
    return statements, _key_params(random)


def _lockout(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    """Somebody may change the policy, unless a Deny takes that away."""
    statements = _console(random)
    if random.random() < 0.6:
        guard = random.choice(
            (
                {"ArnNotLike": {"aws:PrincipalArn": ADMIN}},
                {"StringNotEquals": {"aws:PrincipalAccount": OTHER}},
                {"Bool": {"aws:ViaAWSService": "false"}},
                {"StringEquals": {"aws:PrincipalType": ["AssumedRole", "User", "Account"]}},
                {"Null": {"aws:PrincipalOrgID": "false"}},
            )
        )
        statements.append(_on_key("Deny", "*", random.choice(("kms:*", "kms:PutKeyPolicy", _MANAGE)), guard))
    return statements, _key_params(random)


def _either_policy(random: Random) -> tuple[list[Statement], dict[str, Any]]:
    """Of a key, or of a bucket that something is allowed on."""
    if random.random() < 0.5:
        return random.choice((_outside, _both, _service))(random)[0], {}
    statements = random.choice((_tls, _sse))(random)[0]
    for _ in range(random.choice((1, 1, 2))):
        who = random.choice(("*", _ROOT, {"AWS": WRITER}, {"Service": "logging.s3.amazonaws.com"}))
        actions = random.choice(("s3:*", ["s3:GetObject", "s3:PutObject"], "s3:List*"))
        statements.append({**_on_bucket("Allow", actions, {}), "Principal": who})
    return statements, {}


_BASES = {
    "tls": _tls,
    "sse": _sse,
    "kms-outside": _outside,
    "kms-both": _both,
    "kms-wildcard": _wildcard,
    "kms-writeonly": _writeonly,
    "kms-service": _service,
    "kms-lockout": _lockout,
    "compare": lambda random: ((_tls if random.random() < 0.5 else _sse)(random)[0], {}),
    "compare-allowed": _either_policy,
    "compare-equal": _either_policy,
}
