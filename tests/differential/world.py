"""A small world of requests, written from AWS's descriptions of callers and keys, for one policy.

It knows nothing of the prover: callers are concrete ARNs, values are the policy's own with their wildcards filled in, a
fresh one, and absence. `World.climb` looks for a request by changing one thing at a time.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from differential.people import OF_A_PERSON, Caller, Context, People, Value, fills
from differential.pools import ADDRESSES, BOOLEANS, DATES, KMS_BOOLEANS, KMS_LISTS, LISTS, NUMBERS, OWN, S3_NUMBERS
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.pattern import variables_in
from s3_guardrails.policy.request import Request

SINCE = 1_795_000_000
SIDEWAYS = 0.15
"""How often a step that is no better is taken all the same."""

ALWAYS = {"aws:securetransport", "aws:viaawsservice", "aws:currenttime", "aws:epochtime", "aws:requestedregion",
          "aws:useragent"}  # fmt: skip
"""Keys that AWS says are always included in the request context."""
MAY_BE_EMPTY = re.compile(r"aws:(principal|request|resource)tag/|s3:(existing|request)objecttag/|s3:prefix")
"""Tags may have empty values, and a listing an empty prefix."""
MANY = {each.lower() for each in (*LISTS, *KMS_LISTS)}
FLAGS = {each.lower() for each in (*BOOLEANS, *KMS_BOOLEANS)}
QUANTITIES = {each.lower() for each in (*NUMBERS, *S3_NUMBERS)}
TIMES = {each.lower() for each in DATES}
PLACES = {each.lower() for each in ADDRESSES}


class World:
    """Everything that can be asked of one policy. `service` is `s3` or `kms`."""

    def __init__(self, policy: Policy, service: str, random: Random) -> None:
        self.policy, self.service, self.random = policy, service, random
        conditions = [each for statement in policy.statements for each in statement.conditions]
        resources = [each for statement in policy.statements for each in statement.resources]
        values = [value for each in conditions for value in each.values]
        self.used = frozenset({each.name for each in conditions}).union(
            *(variables_in(text) for text in (*values, *resources))
        )
        named = [entry.value for statement in policy.statements for entry in statement.principals]
        self.texts = [*values, *resources, *named]
        self.resources = cache(self._resources)
        self.carried = cache(self._carried)

    def callers(self) -> list[Caller]:
        """Everybody who may matter to the policy."""
        return People(self.policy, self.service, self.texts, self.used).callers()

    def networks(self) -> list[Context]:
        """From the internet or through an endpoint; the addresses of each are free."""
        endpoint = {"aws:vpcsourceip": "10.0.0.1", "aws:sourcevpc": "vpc-1", "aws:sourcevpce": "vpce-1"}
        return [{**dict.fromkeys(endpoint), "aws:sourceip": "203.0.113.9"}, {**endpoint, "aws:sourceip": None}]

    def _resources(self, action: str) -> list[str]:
        """What the action can be called on: the bucket or the policy's own objects, or the key."""
        if self.service == "kms":
            return [f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"]
        kinds = next(each.on for each in actions("s3") if each.full_name == action)
        objects = [each for text in self.texts for each in fills(text) if each.startswith("arn:aws:s3:::bk/")]
        found = ["arn:aws:s3:::bk"] if "bucket" in kinds else []
        found += ["arn:aws:s3:::bk/x", "arn:aws:s3:::bk/a/b:c", *objects] if "object" in kinds else []
        return [each for each in dict.fromkeys(found) if each != "arn:aws:s3:::bk/"]

    def free(self, key: str) -> list[Value]:
        """Values of a key that nothing else fixes."""
        written = [
            value
            for statement in self.policy.statements
            for each in statement.conditions
            if each.name == key or each.name in variables_in(f"${{{key}}}")
            for value in each.values
        ]
        found: list[Value] = [*_values(key, written)]
        return found if key in ALWAYS else [None, *found]

    def _carried(self, key: str, action: str) -> bool:
        """Does a request for the action have this key of its service?"""
        service = key.partition(":")[0]
        if service not in {"s3", "kms"} or key == "kms:calleraccount":
            return service != "kms" or self.service == "kms"
        keys = next((each.keys for each in actions(self.service) if each.full_name == action), frozenset())
        families = {key, key.partition("/")[0] + "/", "kms:encryptioncontext:" if "context:" in key else key}
        return service == self.service and bool(families & keys)

    def climb(
        self,
        callers: list[Caller],
        names: list[str],
        situations: list[Mapping[str, Value]],
        scores: Sequence[Callable[[Request], int]],
        tries: int = 6,
        pinned: Mapping[str, Value] | None = None,
    ) -> Request | None:
        """Look for a request of score 0 by one of the scores.

        `situations`: keys that go together, such as transport and headers.
        """
        keys = sorted(self.used - (pinned or {}).keys())
        options: dict[str, list[Any]] = {
            "@caller": callers,
            "@action": names,
            "@network": self.networks(),
            "@situation": situations,
            "@resource": list(range(6)),
            **{key: self.free(key) for key in keys},
        }
        for _ in range(tries if callers and names and situations and scores else 0):
            found = self._ascent(options, self.random.choice(scores), pinned or {})
            if found is not None:
                return found
        return None

    def _ascent(
        self, options: dict[str, list[Any]], score: Callable[[Request], int], pinned: Mapping[str, Value]
    ) -> Request | None:
        choice = {name: self.random.choice(each) for name, each in options.items()}
        best, patience = score(self.request(choice, pinned)), 2
        while best and patience:
            patience -= 1
            for name in self.random.sample(list(options), len(options)):
                for option in self.random.sample(options[name], min(len(options[name]), 10)):
                    changed = {**choice, name: option}
                    reached = score(self.request(changed, pinned))
                    if reached < best:
                        best, choice, patience = reached, changed, 2
                    elif reached == best and self.random.random() < SIDEWAYS:
                        choice = changed
                    if not best:
                        return self.request(choice, pinned)
        return None if best else self.request(choice, pinned)

    def request(self, choice: Mapping[str, Any], pinned: Mapping[str, Value]) -> Request:
        """Put a request together; what follows from the caller, the network or the action overrides free choices."""
        caller, action = choice["@caller"], choice["@action"]
        resources = self.resources(action)
        fixed = {**caller.context, **choice["@situation"]}
        context: Context = {"aws:resourceaccount": OWN}
        for key in (*self.used, *pinned, *fixed):
            value = fixed[key] if key in fixed else pinned.get(key, choice.get(key))
            if value is None and key == "aws:tokenissuetime" and caller.kind not in {"user", "root"}:
                value = str(SINCE)  # sessions have temporary credentials
            person = caller.kind not in {"service", "anonymous"}
            if self.carried(key, action) and (person or not OF_A_PERSON.match(key)):
                context.setdefault(key, value)
        for key, value in choice["@network"].items():
            context[key] = value and (context.get(key) or value)
        if {"aws:currenttime", "aws:epochtime"} <= context.keys():
            context["aws:epochtime"] = context["aws:currenttime"]
        present = {key: value for key, value in context.items() if value is not None}
        resource = resources[choice["@resource"] % len(resources)]
        return Request(caller.principal, caller.account, action, resource, present)


def _values(key: str, written: Iterable[str]) -> list[Value]:
    written = list(written)
    if key in FLAGS:
        return ["true", "false"]
    if key in QUANTITIES:
        return [
            "1.0",
            "1.2",
            "1.3",
            *(str(float(each) + step) for each in written if _number(each) for step in (-1, 0, 1)),
        ]
    if key in TIMES:
        return [str(SINCE + 60), "1900000000", "1900000001", "2036-01-01T00:00:00Z", "2030-03-01T00:00:00Z", *written]
    if key in PLACES:
        return ["10.0.0.1", "10.200.0.1", "192.0.2.7", "200.1.1.1", "2001:db8::1"]
    if key in {"aws:sourcevpc", "aws:sourcevpce"}:
        prefix = "vpc-" if key == "aws:sourcevpc" else "vpce-"
        return [prefix + end for end in ("a", "b", "fresh")]
    texts = [*dict.fromkeys(each for value in written for each in fills(value)), "fresh", "a", "app", OWN]
    if key in MANY:
        pairs = [(one, other) for one in texts[:4] for other in texts[1:5] if one != other]
        return [each for each in (*((one,) for one in texts), *pairs) if "" not in each]
    return [each for each in texts if each or MAY_BE_EMPTY.match(key)]


def _number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None
