"""Few values for every kind of condition key, so that conditions meet and miss each other."""

from random import Random
from typing import Any

OWN, INSIDE, OTHER, ORG = "111122223333", "444455556666", "999999999999", "o-exampleorg1"
ARN = "arn:aws:s3:::bk"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"
OTHER_KEY = f"arn:aws:kms:us-east-1:{OWN}:key/22222222-aaaa-bbbb-cccc-000000000002"
MODE = "s3:x-amz-server-side-encryption"
KEY_ID, CUSTOMER = f"{MODE}-aws-kms-key-id", f"{MODE}-customer-algorithm"
WRITER, ADMIN = f"arn:aws:iam::{OWN}:role/writer", f"arn:aws:iam::{OWN}:role/team/admin"
ROLES = (WRITER, ADMIN, f"arn:aws:iam::{OTHER}:role/writer", f"arn:aws:iam::{OWN}:user/ann", f"arn:aws:iam::{OWN}:root")
ARN_PATTERNS = (
    f"arn:aws:iam::{OWN}:role/*",
    "arn:aws:iam::*:role/writer",
    f"arn:aws:iam::{OWN}:*",
    "arn:aws:iam::1111*:role/*",
    "arn:aws:iam::*3333:*",
    "arn:aws:iam::????22223333:user/*",
    "arn:*:*:*:*:*",
    "arn:aws:iam::*:role/*admin*",
    "arn:aws:iam::*:root",
)
SESSIONS = (f"arn:aws:sts::{OWN}:assumed-role/writer/alice", f"arn:aws:sts::{OWN}:assumed-role/admin/*")
SERVICES = ("logging.s3.amazonaws.com", "cloudtrail.amazonaws.com", "s3.amazonaws.com", "logs.us-east-1.amazonaws.com")
PEOPLE: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": OWN},
    {"AWS": [f"arn:aws:iam::{OWN}:root", INSIDE]},
    {"AWS": WRITER},
    {"AWS": [ADMIN, f"arn:aws:iam::{OWN}:user/ann"]},
    {"AWS": SESSIONS[0]},
    {"AWS": f"arn:aws:iam::{OTHER}:role/writer"},
    {"AWS": f"arn:aws:iam::{OWN}:role/*"},
    {"AWS": f"arn:aws:sts::{OWN}:federated-user/bob"},
    {"AWS": "AROAEXAMPLEDELETED"},
    {"AWS": [OWN, WRITER, SESSIONS[0]]},
    {"Service": SERVICES[0]},
    {"Service": list(SERVICES[1:])},
    {"AWS": OTHER, "Service": SERVICES[2]},
)
OF_BUCKETS = (
    {"Federated": "accounts.google.com"},
    {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
    {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},
)
PRINCIPALS = dict.fromkeys(("kms-outside", "kms-both", "kms-wildcard", "kms-writeonly"), PEOPLE) | {
    "s3": PEOPLE + OF_BUCKETS
}
OBJECTS: tuple[Any, ...] = (
    ARN,
    f"{ARN}/*",
    [ARN, f"{ARN}/*"],
    f"{ARN}*",
    f"{ARN}/logs/*",
    [f"{ARN}/a*", f"{ARN}/*b"],
    f"{ARN}/?",
    f"{ARN}/?*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b?/*",
    "arn:aws:s3:::other/*",
    f"{ARN}/${{aws:username}}/*",
    f"{ARN}/home-${{aws:PrincipalTag/team, 'none'}}/*",
    f"{ARN}/${{*}}",
    "arn:aws:s3:*",
    [ARN, f"{ARN}/*", "arn:aws:s3"],
)
OF_KEYS: tuple[Any, ...] = (
    "*",
    "*",
    KEY,
    [KEY, OTHER_KEY],
    OTHER_KEY,
    f"arn:aws:kms:us-east-1:{OWN}:key/*",
    f"{KEY}*",
    "arn:aws:kms",
)
RESOURCES = dict.fromkeys(PRINCIPALS, OF_KEYS) | {"s3": OBJECTS}
_S3_ACTIONS: tuple[Any, ...] = (
    "s3:*",
    "*",
    "S3:Get*",
    "s3:PutObject",
    ["s3:PutObject", "s3:GetObject"],
    "s3:*Object*",
    "s3:List*",
    "s3:?utObject",
    "s3:*Bucket*",
    ["s3:Delete*", "s3:Put*"],
)
_KMS_ACTIONS: tuple[Any, ...] = (
    "kms:*",
    "*",
    "kms:Decrypt",
    ["kms:Encrypt", "kms:GenerateDataKey*"],
    "kms:*Key*",
    "KMS:re*",
    ["kms:CreateGrant", "kms:RevokeGrant"],
    "kms:Put*",
    ["kms:Create*", "kms:ScheduleKeyDeletion"],
    "kms:De*",
    "kms:????",
)


def actions_like(service: str) -> tuple[Any, ...]:
    return _S3_ACTIONS if service == "s3" else _KMS_ACTIONS


_TEAMS = ("red", "blue", "Red", "re?", "*e*", "${aws:PrincipalTag/team}", "")
POOL: dict[str, tuple[Any, ...]] = {
    "aws:PrincipalArn": ROLES,
    "aws:PrincipalAccount": (OWN, INSIDE, OTHER, "1111*", "*3333", "anonymous", "${aws:PrincipalAccount}"),
    "aws:PrincipalOrgID": (ORG, "o-other00000", "o-*", "${aws:PrincipalOrgID}"),
    "aws:PrincipalOrgPaths": (f"{ORG}/*", f"{ORG}/r-1/ou-1/", "o-*/r-1/*"),
    "aws:PrincipalType": ("AssumedRole", "User", "Account", "FederatedUser", "Anonymous", "A*"),
    "aws:PrincipalTag/team": _TEAMS,
    "aws:userid": ("AROA*", "AIDA*", "AROAX:alice", "*:alice", OWN, "anonymous", "?*"),
    "aws:username": ("ann", "bob", "a*", "*"),
    "aws:PrincipalServiceName": (*SERVICES, "*.amazonaws.com"),
    "aws:SourceAccount": (OWN, INSIDE, "1111*", "${aws:ResourceAccount}"),
    "aws:SourceArn": ("arn:aws:s3:::bk", f"arn:aws:s3:*:{OWN}:*", f"arn:aws:logs:*:{INSIDE}:*", "arn:aws:*:*:*:*"),
    "aws:SourceVpce": ("vpce-1", "vpce-2", "vpce-*", "${aws:PrincipalTag/team}"),
    "aws:SourceVpc": ("vpc-1", "vpc-?"),
    "aws:SourceIp": ("10.0.0.0/8", "0.0.0.0/0", "::/0", "203.0.113.0/24", "128.0.0.0/1", "0.0.0.0/1", "2001:db8::/32"),
    "aws:UserAgent": ("*", "aws-cli/*", "x"),
    "aws:RequestedRegion": ("us-east-1", "us-*"),
    "aws:ResourceAccount": (OWN, OTHER),
    "aws:RequestTag/team": _TEAMS[:4],
    "aws:TagKeys": ("team", "cost", "t*"),
    "aws:Referer": ("https://example.org/*", "*"),
    "aws:CurrentTime": ("2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2031-06-01T12:00:00Z"),
    "aws:EpochTime": ("1893456000", "1767225600"),
    "aws:TokenIssueTime": ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
    "aws:MultiFactorAuthAge": ("300", "3600"),
    "aws:SecureTransport": ("true", "false", "False", False, True, "flase"),
    "aws:ViaAWSService": ("true", "false", True, "${aws:SecureTransport}"),
    "aws:PrincipalIsAWSService": ("true", "false", False),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "s3:TlsVersion": ("1.2", "1.3", 1.2),
    "s3:prefix": ("home/", "home/*", "${aws:username}/*", ""),
    "s3:max-keys": ("10", "1000"),
    "s3:signatureAge": ("600000",),
    "s3:x-amz-acl": ("private", "bucket-owner-full-control", "*"),
    "s3:ExistingObjectTag/team": _TEAMS[:4],
    "s3:RequestObjectTagKeys": ("team", "cost", "*"),
    "s3:ResourceAccount": (OWN, OTHER, "${aws:PrincipalAccount}"),
    "s3:DataAccessPointAccount": (OWN, OTHER),
    "s3:authType": ("REST-HEADER", "POST"),
    "kms:CallerAccount": (OWN, INSIDE, OTHER, "1111*", "${aws:PrincipalAccount}"),
    "kms:ViaService": ("s3.us-east-1.amazonaws.com", "s3.*", "ebs.us-east-1.amazonaws.com", "*"),
    "kms:EncryptionContext:aws:s3:arn": ("arn:aws:s3:::bk", "arn:aws:s3:::bk/*"),
    "kms:EncryptionContext:aws:logs:arn": (f"arn:aws:logs:*:{OWN}:*", "arn:aws:logs:us-east-1:*:*"),
    "kms:EncryptionContextKeys": ("aws:s3:arn", "team", "*"),
    "kms:GrantOperations": ("Decrypt", "Encrypt", "*"),
    "kms:GrantIsForAWSResource": ("true", "false"),
    "kms:RequestAlias": ("alias/a", "alias/*"),
    "kms:ScheduleKeyDeletionPendingWindowInDays": ("7", "30"),
    "kms:BypassPolicyLockoutSafetyCheck": ("true", "false"),
    MODE: ("aws:kms", "AES256", "aws:kms:dsse", "aws:*", "AWS:KMS"),
    KEY_ID: (KEY, OTHER_KEY, f"arn:aws:kms:*:{OWN}:key/*", "*"),
    CUSTOMER: ("AES256", "*"),
}
NEVER = ("aws:Frobnicate", "s3:Frobnicate")
"""Keys nobody knows: they may be there."""

_ARNS = {"aws:PrincipalArn", "aws:SourceArn", KEY_ID}
_LISTS = {
    "aws:PrincipalOrgPaths",
    "aws:TagKeys",
    "s3:RequestObjectTagKeys",
    "kms:EncryptionContextKeys",
    "kms:GrantOperations",
}
_NUMBERS = {"aws:MultiFactorAuthAge", "s3:TlsVersion", "s3:max-keys", "s3:signatureAge", "aws:EpochTime"} | {
    "kms:ScheduleKeyDeletionPendingWindowInDays"
}
_TIMES = {"aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"}
_ADDRESSES = {"aws:SourceIp"}
_BOOLEANS = {
    "aws:SecureTransport",
    "aws:ViaAWSService",
    "aws:PrincipalIsAWSService",
    "aws:MultiFactorAuthPresent",
    "kms:GrantIsForAWSResource",
    "kms:BypassPolicyLockoutSafetyCheck",
}


def _kinds(service: str) -> dict[str, tuple[str, ...]]:
    other = "kms:" if service == "s3" else "s3:"
    here = [key for key in POOL if not key.startswith(other)]
    special = _LISTS | _NUMBERS | _TIMES | _ADDRESSES | _BOOLEANS
    sets = (_ARNS, _LISTS, _NUMBERS, _TIMES, _ADDRESSES, _BOOLEANS)
    kinds = ("arn", "list", "number", "time", "address", "boolean")
    found = {kind: tuple(key for key in here if key in keys) for kind, keys in zip(kinds, sets, strict=True)}
    return found | {"text": tuple(key for key in here if key not in special)}


KEYS = {service: _kinds("s3" if service == "s3" else "kms") for service in PRINCIPALS}

OPERATORS = {
    "text": [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ],
    "arn": ["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "StringLike", "StringNotLike", "StringEquals"],
    "list": ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
    "number": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan"],
    "time": ["DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "DateNotEquals"],
    "address": ["IpAddress", "NotIpAddress"],
    "boolean": ["Bool", "Bool", "StringEquals", "StringNotEquals"],
}


def values_of(random: Random, key: str, operator: str) -> Any:
    """One value of a key, or a few."""
    pool = POOL.get(key) or next((values for name, values in POOL.items() if name.lower() == key.lower()), ("x", "*"))
    base = operator.lower()
    if "arn" in base:
        if key.lower() == "aws:principalarn":
            pool = pool + ARN_PATTERNS
        pool = tuple(each for each in pool if str(each).count(":") >= 5) or ARN_PATTERNS
    elif key == "aws:PrincipalArn" and "like" in base:
        pool = pool + ARN_PATTERNS + ("*",)
    if base == "null":
        pool = ("true", "false", True)
    count = random.choice((1, 1, 1, 2, 3))
    chosen = random.sample(pool, min(count, len(pool)))
    return chosen if len(chosen) > 1 or random.random() < 0.3 else chosen[0]


def condition(random: Random, service: str) -> tuple[str, str, Any]:
    """A random line of a Condition block."""
    if random.random() < 0.03:
        return (
            random.choice(("StringEquals", "StringNotEquals", "Null")),
            random.choice(NEVER),
            random.choice(("true", "x")),
        )
    kind = random.choices(tuple(OPERATORS), (6, 3, 2, 1, 1, 1, 2))[0]
    key = random.choice(KEYS[service][kind])
    operator = random.choice(OPERATORS[kind])
    if kind == "list" or random.random() < 0.06:
        operator = random.choice(("ForAllValues:", "ForAnyValue:", "ForAnyValue:", "")) + operator
    if random.random() < 0.2:
        operator += "IfExists"
    if random.random() < 0.1:
        operator = "Null"
    return operator, key, values_of(random, key, operator)


def neighbours(random: Random, operator: str) -> str:
    """An operator that is easily taken for this one."""
    prefix, colon, base = operator.rpartition(":")
    if base.lower().startswith("null") or random.random() < 0.15:
        return "Null" if base != "Null" else "Bool"
    if random.random() < 0.3:
        base = base.removesuffix("IfExists") if base.endswith("IfExists") else f"{base}IfExists"
    elif random.random() < 0.2:
        prefix, colon = random.choice((("ForAllValues", ":"), ("ForAnyValue", ":"), ("", "")))
    else:
        plain = base.removesuffix("IfExists")
        family = next((names for names in OPERATORS.values() if plain in names), [plain])
        base = random.choice(family) + base[len(plain) :]
    return f"{prefix}{colon}{base}"
