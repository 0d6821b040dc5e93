"""Who calls in the small world: concrete callers for one policy, with the keys that follow from who they are.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "AWS global condition context keys".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from differential.pools import INSIDE, ORG, OWN, STRANGER
from s3_guardrails.policy.document import Policy, PrincipalKind

Value = str | tuple[str, ...] | None
Context = dict[str, Value]


OF_A_PERSON = re.compile(
    r"aws:(principaltag/|multifactorauth|tokenissuetime|federatedprovider|calledvia|sourceidentity)|kms:viaservice"
)
"""Keys of a role or user session; AWS services and anonymous callers have none of them."""


@dataclass(frozen=True)
class Caller:
    """Who calls: what a policy can name, and the keys that follow from it. `identity`: who, whatever the request."""

    kind: str
    principal: str
    account: str | None
    context: Context
    identity: str


class People:
    """Everybody who may matter to a policy. `texts`: all of its values; `used`: the keys that it looks at."""

    def __init__(self, policy: Policy, service: str, texts: list[str], used: frozenset[str]) -> None:
        self.service, self.texts, self.used = service, texts, used
        self.federated = [
            each.value
            for statement in policy.statements
            for each in statement.principals
            if each.kind is PrincipalKind.FEDERATED
        ]

    def callers(self) -> list[Caller]:
        """Roles, users, root users and sessions, services, identities of providers, and for S3 nobody known."""
        found = [each for arn in self._arns() for each in self._people(arn)]
        found += [each for name in self._services() for each in self._service(name)]
        for provider in self.federated:
            found += self._people(f"arn:aws:iam::{STRANGER}:role/federated", provider)
        return [*found, ANONYMOUS] if self.service == "s3" else found

    def _accounts(self) -> list[str]:
        written = {each for text in self.texts for each in re.findall(r"\d{12}", text)}
        nearly = {each[:-1] + str((int(each[-1]) + 1) % 10) for each in written}
        return sorted({OWN, INSIDE, STRANGER, "111199998888"} | written | nearly)

    def _arns(self) -> list[str]:
        accounts = self._accounts()
        arns = [f"arn:aws:iam::{account}:{rest}" for account in accounts for rest in ("role/app", "role/x", "user/x")]
        arns += [f"arn:aws:iam::{OWN}:{rest}" for rest in ("root", "role/writer", "user/ann", "role/p/app")]
        arns += [f"arn:aws:iam::{STRANGER}:root", f"arn:aws:sts::{STRANGER}:federated-user/x"]
        for text in self.texts:
            if text.startswith("arn:") and ":iam:" in text:
                arns += [
                    each for each in fills(text) if re.fullmatch(r"arn:aws:iam::\d{12}:(role/.+|user/.+|root)", each)
                ]
            if re.fullmatch(r"arn:aws:sts::\d{12}:assumed-role/[^/]+/.+", text):
                arns.append(text)
        return list(dict.fromkeys(arns))

    def _people(self, arn: str, principal: str | None = None) -> Iterator[Caller]:
        """A role, user, root user, federated user or role session, in each organization that may matter."""
        account, rest = arn.split(":")[4], arn.split(":", 5)[5]
        kind, name = rest.partition("/")[0], rest.rpartition("/")[2]
        own = arn
        if kind == "assumed-role":
            own = f"arn:aws:iam::{account}:role/{rest.split('/')[1]}"
        kinds = {"role": "AssumedRole", "assumed-role": "AssumedRole", "user": "User", "root": "Account"}
        ids = {"user": "AIDAEXAMPLE", "root": account, "federated-user": f"{account}:{name}"}
        for path in self._paths():
            context: Context = {
                "aws:principalarn": own,
                "aws:principalaccount": account,
                "kms:calleraccount": account if self.service == "kms" else None,
                "aws:principaltype": kinds.get(kind, "FederatedUser"),
                "aws:userid": ids.get(kind, f"AROAEXAMPLE:{name}"),
                "aws:username": name if kind == "user" else None,
                "aws:principalisawsservice": "false",
                **_organization("principal", path),
                **_NO_SERVICE,
            }
            yield Caller(kind, principal or arn, account, context, f"{principal or arn} {path}")

    def _paths(self) -> list[str | None]:
        written = [each for text in self.texts for each in fills(text) if re.fullmatch(r"o-[^/]+(/.*)?/?", each)]
        full = [
            each if each.endswith("/") and each.count("/") > 1 else f"{each.split('/')[0]}/r-1/" for each in written
        ]
        if not {"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid"} & self.used:
            return [None, f"{ORG}/r-1/"]
        return list(dict.fromkeys([None, f"{ORG}/r-1/ou-1/", "o-fresh/r-9/", *full]))

    def _services(self) -> list[str]:
        names = {
            each for text in self.texts for each in fills(text) if re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", each)
        }
        return sorted((names - set(self.federated)) | {"new.amazonaws.com"})

    def _service(self, name: str) -> Iterator[Caller]:
        arns = [each for text in self.texts if text.startswith("arn:") for each in fills(text) if each.count(":") >= 5]
        bound = [None, *(f"arn:aws:sns:us-east-1:{each}:t" for each in (OWN, STRANGER)), *arns]
        used = bool({"aws:sourcearn"} & self.used)
        for arn in dict.fromkeys(bound) if used else [None]:
            account = arn.split(":")[4] if arn else None
            for source in {account or None} if account else {None, OWN, STRANGER, INSIDE}:
                for path in self._paths() if "aws:sourceorgid" in self.used else [None]:
                    context: Context = {
                        **_NOBODY,
                        **_organization("source", path),
                        "aws:principalisawsservice": "true",
                        "aws:principaltype": None,
                        "aws:principalservicename": name,
                        "aws:principalservicenameslist": (name, f"x.{name}"),
                        "aws:sourcearn": arn,
                        "aws:sourceaccount": source,
                        "aws:viaawsservice": "false",
                    }
                    yield Caller("service", name, None, context, name)


_NO_SERVICE: Context = dict.fromkeys(
    (
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
    )
)
_NOBODY: Context = dict.fromkeys(
    ("aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:username", "aws:principalorgid",
     "aws:principalorgpaths")
)  # fmt: skip


ANONYMOUS = Caller(
    "anonymous",
    "anonymous",
    None,
    {
        **_NO_SERVICE,
        **_NOBODY,
        "aws:principalisawsservice": None,
        **dict.fromkeys(("s3:authtype", "s3:signatureversion", "s3:signatureage")),
        "aws:principalaccount": "anonymous",
        "aws:principaltype": "Anonymous",
        "aws:userid": "anonymous",
        "aws:viaawsservice": "false",
    },
    "anonymous",
)


def _organization(whose: str, path: str | None) -> Context:
    return {f"aws:{whose}orgid": path and path.split("/")[0], f"aws:{whose}orgpaths": (path,) if path else None}


@lru_cache(1 << 12)
def fills(pattern: str) -> tuple[str, ...]:
    """Concrete texts for a pattern: wildcards left out or filled, also where an account id is wanted."""
    plain = re.sub(r"\$\{[*?$]\}|\$\{[^}]*\}", "a", pattern)
    if "*" not in plain and "?" not in plain:
        return (plain,)
    digits = plain.split(":")
    if len(digits) > 5 and set(digits[4]) & set("*?"):
        number = digits[4].replace("?", "9").replace("*", "9" * max(0, 12 - len(digits[4].replace("*", ""))))
        plain = ":".join([*digits[:4], number[:12].ljust(12, "9"), *digits[5:]])
    single = plain.replace("?", "x")
    return tuple(single.replace("*", each) for each in ("", "x", "aws", "us-east-1"))
