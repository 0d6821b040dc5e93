"""KMS where moto's answers are not KMS's: metadata, key states, rotation, key policies, listing.

Measured on moto 5.2.5: keys behind alias/aws/* are customer managed, imported keys start enabled, rotation is accepted
and reported for keys that cannot rotate and without its period, any text is stored as a policy, DescribeKey applies a
Deny without its Condition, a replica and its primary share one description.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.utils import RESERVED_ALIASES

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer
from s3_guardrails.embedded.key_policy import aws_managed_policy, checked
from s3_guardrails.embedded.key_rotation import DEFAULT_PERIOD, check_period, refuse_if_fixed, refuse_unless_enabled

STORED_ELSEWHERE: Final = frozenset({"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"})
"""Origins of keys in a custom key store."""

PENDING: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


@dataclass(slots=True)
class KmsService:
    """Keeps what moto cannot keep, by key ARN. Methods ``on_…`` answer operations.

    `overrides`: members of KeyMetadata that hold instead of moto's, for states that no call reaches in a demo
    (`Unavailable`, material imported long ago).
    """

    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    periods: dict[str, int] = field(default_factory=dict)
    materials: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def rename(self, arn: str, key_id: str) -> str:
        """Give a fresh key, not yet tagged or replicated, an id of one's own choice; return its ARN."""
        *_, region, account, old = arn.replace(":key/", ":").split(":")
        keys = kms_backends[account][region].keys
        key = keys.pop(old)
        key.id, key.arn = key_id, arn.replace(old, key_id)
        if key.multi_region:
            key.multi_region_configuration["PrimaryKey"]["Arn"] = key.arn
        keys[key_id] = key
        self.overrides[key.arn] = self.overrides.pop(arn, {})
        return str(key.arn)

    def on_create_key(self, call: Call) -> Answer:
        """A key waits for imported material, and names its custom key store (API reference, CreateKey)."""
        given = call.parameters
        if given.get("Policy"):
            checked(given["Policy"], call.account, bool(given.get("BypassPolicyLockoutSafetyCheck")))
        answer = call.forward()
        if answer.status != 200:
            return answer
        arn = json.loads(answer.body)["KeyMetadata"]["Arn"]
        if given.get("Origin") == "EXTERNAL":
            self.overrides[arn] = {"KeyState": "PendingImport", "Enabled": False}
        if given.get("Origin") in STORED_ELSEWHERE:
            self.overrides[arn] = {"CustomKeyStoreId": given.get("CustomKeyStoreId", "cks-1234567890abcdef0")}
        return json_answer({"KeyMetadata": self._metadata(_backend(call).keys[arn.rpartition("/")[2]])})

    def on_describe_key(self, call: Call) -> Answer:
        """Describe by id, ARN or alias, whatever the key policy says: the account's own identities are allowed."""
        return json_answer({"KeyMetadata": self._metadata(_find(call, aliases=True))})

    def on_list_keys(self, call: Call) -> Answer:
        """List in pages of at most 1,000, 100 by default."""
        keys = [{"KeyId": each.id, "KeyArn": each.arn} for each in _backend(call).list_keys()]
        return json_answer(_page(call, "Keys", keys, 100))

    def on_list_aliases(self, call: Call) -> Answer:
        """List aliases; predefined ones that stand for no key yet have no target (API reference, ListAliases)."""
        key = _find(call) if call.parameters.get("KeyId") else None
        backend = _backend(call)
        prefix = f"arn:aws:kms:{call.region}:{call.account}:"
        aliases = [
            {"AliasName": each.alias_name, "AliasArn": prefix + each.alias_name, "TargetKeyId": each.target_key_id}
            for each in backend.list_aliases(key.id if key else None)
        ]
        known = {each["AliasName"] for each in aliases}
        if key is None:
            unused = (name for name in RESERVED_ALIASES if name not in known)
            aliases += [{"AliasName": name, "AliasArn": prefix + name} for name in unused]
        return json_answer(_page(call, "Aliases", sorted(aliases, key=lambda each: each["AliasName"]), 50))

    def on_get_key_rotation_status(self, call: Call) -> Answer:
        """Tell the status as it is set; a replica's is its primary's, a key pending deletion says false."""
        key = _find(call)
        metadata = self._metadata(key)
        if metadata["KeyManager"] == "AWS":
            return json_answer(_rotation(key, True, DEFAULT_PERIOD))
        refuse_if_fixed(metadata)
        primary = _primary(key)
        enabled = bool(primary.key_rotation_status) and metadata["KeyState"] not in PENDING
        return json_answer(_rotation(key, enabled, self.periods.get(primary.arn, DEFAULT_PERIOD)))

    def on_enable_key_rotation(self, call: Call) -> Answer:
        """Set rotation and its period on a key that can rotate and is not a replica."""
        key = self._rotatable(call)
        self.periods[key.arn] = check_period(call.parameters.get("RotationPeriodInDays", DEFAULT_PERIOD))
        key.key_rotation_status = True
        return json_answer({})

    def on_disable_key_rotation(self, call: Call) -> Answer:
        """Stop rotation."""
        self._rotatable(call).key_rotation_status = False
        return json_answer({})

    def on_list_key_rotations(self, call: Call) -> Answer:
        """List the materials of an imported key (`materials`); moto knows rotations of the others."""
        key = _find(call)
        if key.arn not in self.materials:
            return call.forward()
        return json_answer(_page(call, "Rotations", self.materials[key.arn], 100))

    def on_get_key_policy(self, call: Call) -> Answer:
        """Return the policy as it was put; that of an AWS managed key is AWS's."""
        key = _find(call)
        managed = self._metadata(key)["KeyManager"] == "AWS"
        policy = aws_managed_policy(key.account_id, key.region) if managed else key.policy
        return json_answer({"Policy": policy, "PolicyName": "default"})

    def on_put_key_policy(self, call: Call) -> Answer:
        """Refuse garbage, more than 32 KB, and a policy that locks the account out (API reference, PutKeyPolicy)."""
        key = _find(call)
        if self._metadata(key)["KeyManager"] == "AWS":
            raise Refused("AccessDeniedException", f"{key.arn} is managed by AWS")
        bypass = bool(call.parameters.get("BypassPolicyLockoutSafetyCheck"))
        key.policy = checked(call.parameters["Policy"], call.account, bypass)
        return json_answer({})

    def on_replicate_key(self, call: Call) -> Answer:
        """Make a replica with aliases and grants of its own; moto's shares those of the primary."""
        answer = self.on_other(call)
        if answer.status == 200:
            replica = kms_backends[call.account][call.parameters["ReplicaRegion"]].keys[_find(call).id]
            replica.aliases, replica.grants = {}, {}
        return answer

    def on_other(self, call: Call) -> Answer:
        """Let moto answer, asked by key id: several of its operations do not take an ARN."""
        if ":key/" not in str(call.parameters.get("KeyId", "")):
            return call.forward()
        return call.forward(json.dumps({**call.parameters, "KeyId": _find(call).id}).encode())

    def _rotatable(self, call: Call) -> Key:
        key = _find(call)
        metadata = self._metadata(key)
        refuse_unless_enabled(metadata)
        refuse_if_fixed(metadata)
        if key is not _primary(key):
            raise Refused("UnsupportedOperationException", f"{key.arn} is a replica: rotate its primary key")
        return key

    def _metadata(self, key: Key) -> dict[str, Any]:
        metadata: dict[str, Any] = key.to_dict()["KeyMetadata"]
        metadata["MultiRegion"] = bool(metadata["MultiRegion"])
        if any(alias in RESERVED_ALIASES for alias in key.aliases):
            metadata["KeyManager"] = "AWS"
        if metadata["MultiRegion"]:
            shared = key.multi_region_configuration
            kind = "PRIMARY" if shared["PrimaryKey"]["Arn"] == key.arn else "REPLICA"
            metadata["MultiRegionConfiguration"] = {**shared, "MultiRegionKeyType": kind}
        metadata |= self.overrides.get(key.arn, {})
        return {name: value for name, value in metadata.items() if value is not None}


def _backend(call: Call) -> KmsBackend:
    return kms_backends[call.account][call.region]


def _find(call: Call, *, aliases: bool = False) -> Key:
    """Find the key of the call: by id or ARN, by alias only where the operation takes one."""
    named = call.resource
    if named.startswith("arn:"):
        region, account, named = named.split(":", 5)[3:]
        if account != call.account:
            raise Refused("AccessDeniedException", f"User is not authorized to perform: {call.name} on {call.resource}")
        if region != call.region:
            raise Refused("NotFoundException", f"Invalid arn {region}")
    if named.startswith("alias/") and aliases:
        named = _backend(call).get_key_id_from_alias(named) or named
    key = _backend(call).keys.get(named.removeprefix("key/"))
    if key is None:
        raise Refused("NotFoundException", f"Invalid keyId '{call.resource}'")
    return key


def _primary(key: Key) -> Key:
    if not key.multi_region:
        return key
    primary = key.multi_region_configuration["PrimaryKey"]
    return kms_backends[key.account_id][primary["Region"]].keys.get(key.id, key)


def _rotation(key: Key, enabled: bool, period: int) -> dict[str, Any]:
    status = {"KeyId": key.arn, "KeyRotationEnabled": enabled}
    return {**status, "RotationPeriodInDays": period} if enabled else status


def _page(call: Call, name: str, entries: Sequence[Any], default: int) -> dict[str, Any]:
    start, limit = int(call.parameters.get("Marker") or 0), call.parameters.get("Limit") or default
    end = start + limit
    more = end < len(entries)
    return {name: entries[start:end], "Truncated": more, **({"NextMarker": str(end)} if more else {})}
