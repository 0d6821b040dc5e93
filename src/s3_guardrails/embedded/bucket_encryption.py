"""A bucket's server-side encryption configuration, as S3 checks, stores and returns it.

Source: Amazon S3 API Reference, PutBucketEncryption, ServerSideEncryptionByDefault and BlockedEncryptionTypes. S3 does
not check that the key exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from s3_guardrails.embedded.call import XML_NAMESPACE, Refused

ALGORITHMS: Final = frozenset({"AES256", "aws:kms", "aws:kms:dsse"})
BLOCKABLE: Final = frozenset({"SSE-C", "NONE"})


@dataclass(frozen=True, slots=True)
class EncryptionRule:
    """The one rule of the configuration; it may block types without setting a default (algorithm None)."""

    algorithm: str | None
    key: str | None = None
    bucket_key: bool = False
    blocked: tuple[str, ...] = ()

    def as_xml(self) -> ET.Element:
        """Render ServerSideEncryptionConfiguration."""
        root = ET.Element("ServerSideEncryptionConfiguration")
        rule = ET.SubElement(root, "Rule")
        if self.algorithm:
            default = ET.SubElement(rule, "ApplyServerSideEncryptionByDefault")
            ET.SubElement(default, "SSEAlgorithm").text = self.algorithm
            if self.key:
                ET.SubElement(default, "KMSMasterKeyID").text = self.key
        ET.SubElement(rule, "BucketKeyEnabled").text = str(self.bucket_key).lower()
        if self.blocked:
            types = ET.SubElement(rule, "BlockedEncryptionTypes")
            for each in self.blocked:
                ET.SubElement(types, "EncryptionType").text = each
        return root


UNCONFIGURED: Final = EncryptionRule("AES256")


def parse_rule(body: bytes, kept: tuple[str, ...]) -> EncryptionRule:
    """Read and check the request; `kept` are the blocked types that stay where the rule names none."""
    rules = [child for child in _root(body) if _name(child) == "Rule"]
    if len(rules) != 1:
        raise _malformed()
    rule = rules[0]
    types = _all(rule, "BlockedEncryptionTypes", "EncryptionType")
    algorithm = _first(rule, "ApplyServerSideEncryptionByDefault", "SSEAlgorithm")
    key = _first(rule, "ApplyServerSideEncryptionByDefault", "KMSMasterKeyID")
    if algorithm not in ALGORITHMS and (algorithm is not None or not types):
        raise _malformed()
    if not set(types) <= BLOCKABLE:
        raise _malformed()
    if key is not None and algorithm == "AES256":
        message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        raise Refused("InvalidArgument", message)
    bucket_key = _first(rule, "BucketKeyEnabled") == "true"
    return EncryptionRule(algorithm, key, bucket_key, types or kept)


def _root(body: bytes) -> ET.Element:
    try:
        return ET.fromstring(body)  # noqa: S314  # loopback only, own process
    except ET.ParseError:
        raise _malformed() from None


def _malformed() -> Refused:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return Refused("MalformedXML", message)


def _name(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{XML_NAMESPACE}}}")


def _all(element: ET.Element, *names: str) -> tuple[str, ...]:
    found = [element]
    for name in names:
        found = [child for each in found for child in each if _name(child) == name]
    return tuple(each.text or "" for each in found)


def _first(element: ET.Element, *names: str) -> str | None:
    return next(iter(_all(element, *names)), None)
