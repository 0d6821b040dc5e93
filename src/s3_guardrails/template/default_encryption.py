"""What a file says of a bucket's default encryption, as parameters of the topic of uploads.

Shapes: ``{"default": "aws:kms", "default_key": ARN or None, "blocked": ["SSE-C"]}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from s3_guardrails.template.value import Generated, Node, Unknown, texts, unknowns

Encryption = Mapping[str, Any] | Unknown
SSE_S3: Final = "AES256"


def from_rules(rules: Node, key_arn: str) -> Encryption:
    """Read ``ServerSideEncryptionConfiguration``; `key_arn` is put before the id of a key.

    A bucket without the setting has SSE-S3 (S3 User Guide, "Setting default server-side encryption behavior").
    """
    if found := unknowns(rules):
        return found[0]
    setting = encryption(SSE_S3, None, (), key_arn)
    for rule in rules if isinstance(rules, list) else []:
        by_default = _object(rule, "ServerSideEncryptionByDefault")
        blocked = _object(rule, "BlockedEncryptionTypes").get("EncryptionType", [])
        algorithm, key = by_default.get("SSEAlgorithm", SSE_S3), by_default.get("KMSMasterKeyID")
        setting = encryption(algorithm, key, blocked, key_arn)
    return setting


def encryption(algorithm: Node, key: Node, blocked: Node, key_arn: str) -> Encryption:
    """Return one setting; a key that is named by its id alone is put behind `key_arn`."""
    named = "".join(each.text if isinstance(each, Generated) else str(each) for each in texts(key)) if key else None
    if named and ":" not in named and not named.startswith("alias/"):
        named = key_arn + named
    types = [each for each in blocked if isinstance(each, str)] if isinstance(blocked, list | tuple) else []
    return {"default": str(algorithm), "default_key": named, "blocked": types}


def _object(value: Node, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}
