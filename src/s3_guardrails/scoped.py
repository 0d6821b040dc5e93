"""Rules about keys, limited to the keys that matter: all, tagged ones, or those that buckets use by default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from s3_guardrails.decision import Decision, not_applicable
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import ParameterError
from s3_guardrails.parameters import Parameters, parameter, text
from s3_guardrails.rule import KeyRule


class KeyScope(StrEnum):
    """Which keys a rule judges."""

    ALL = "all"
    TAGGED = "tagged"
    BUCKET_KEYS = "bucket-keys"

    @classmethod
    def parse(cls, value: str) -> KeyScope:
        """Read the parameter; raise ParameterError."""
        if value not in tuple(cls):
            raise ParameterError(f"expected one of {', '.join(cls)}, found `{value}`")
        return cls(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedParameters(Parameters):
    """What every rule about keys needs."""

    key_scope: KeyScope = parameter(
        "all",
        "Keys to judge: `all`, `tagged` (see KeyScopeTag), or `bucket-keys` (keys that a bucket of the account and "
        "Region has as its default).",
        KeyScope.parse,
    )
    key_scope_tag: str = parameter("", "With KeyScope `tagged`: `Key` or `Key=Value` of the tag to look for.", text)

    def check(self) -> None:
        """Raise ParameterError where the scope needs a tag and none is given."""
        if self.key_scope is KeyScope.TAGGED and not self.key_scope_tag.partition("=")[0]:
            raise ParameterError("rule parameter `KeyScopeTag`: expected a tag, since KeyScope is `tagged`")


class ScopedKeyRule(KeyRule, abstract=True):
    """A rule that first asks whether the key is in scope. AWS managed keys never are: nobody can change them."""

    parameters: ScopedParameters

    def decide(self, key: Key) -> Decision:
        """Leave AWS managed keys and keys out of scope alone, then decide."""
        if known(key.metadata).manager == "AWS":
            return not_applicable("AWS_MANAGED", "AWS manages this key; its policy and rotation cannot be changed")
        if not self._in_scope(key):
            return not_applicable("OUT_OF_SCOPE", f"the key is not in the scope `{self.parameters.key_scope}`")
        return self.decide_key(key)

    def _in_scope(self, key: Key) -> bool:
        match self.parameters.key_scope:
            case KeyScope.ALL:
                return True
            case KeyScope.BUCKET_KEYS:
                return bool(known(key.buckets))
            case KeyScope.TAGGED:
                name, equals, value = self.parameters.key_scope_tag.partition("=")
                found = known(key.tags).get(name)
                return found is not None and (not equals or found == value)

    def decide_key(self, key: Key) -> Decision:
        """Decide about one customer managed key in scope."""
        raise NotImplementedError
