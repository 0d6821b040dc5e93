"""S3 where moto's answers are not S3's: default encryption, bucket policies, listing, owners.

Measured on moto 5.2.5: an unconfigured bucket has no encryption, blocked encryption types are dropped, any algorithm
and any text as a policy is stored, a conditional Deny always denies, a truncated bucket list has no token, a
replication rule loses its SourceSelectionCriteria.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree as ET

from moto.s3.models import s3_backends
from moto.s3control.models import s3control_backends

from s3_guardrails.embedded.bucket_encryption import UNCONFIGURED, EncryptionRule, parse_rule
from s3_guardrails.embedded.bucket_policy import checked, is_public
from s3_guardrails.embedded.call import Answer, Call, Refused, xml_answer
from s3_guardrails.embedded.object_access import (
    KEYS_OF_HEADERS,
    asks,
    refuse_blocked,
    refuse_denied,
    refuse_insecure,
)
from s3_guardrails.policy.document import parse_policy

PAGE: Final = 10_000
"""Buckets on a page of ListBuckets when the caller names no number (API reference, ListBuckets)."""


INVENTORIES: Final = 100
"""Inventory configurations on a page (API reference, ListBucketInventoryConfigurations)."""


@dataclass(slots=True)
class S3Service:
    """Keeps what moto cannot keep: encryption rules and policies, by bucket. Methods ``on_…`` answer operations.

    `enforcing`: requests for objects are judged by the bucket's policy (see `object_access`).
    `principals`: the ARNs of the users and roles that exist; a policy that names another one is refused. None: all do.
    """

    enforcing: bool = False
    principals: frozenset[str] | None = None
    sse_c_blocked_at_creation: bool = False
    encryption: dict[str, EncryptionRule] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    replications: dict[str, bytes] = field(default_factory=dict)
    loggings: dict[str, bytes] = field(default_factory=dict)
    inventories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    _begun: dict[str, dict[str, str]] = field(default_factory=dict)

    def admit(self, call: Call) -> None:
        """Refuse what S3 refuses whatever the operation does: a foreign owner, blocked types, the policy's denials."""
        refuse_foreign(call)
        refuse_blocked(call, self.encryption.get(call.resource, UNCONFIGURED).blocked)
        refuse_insecure(call)
        for asked in asks(call) if self.enforcing else ():
            _, owner = s3_backends.bucket_accounts.get(asked[0], (None, None))
            if owner is not None:
                text = self.policies.get(asked[0])
                begun = self._begun.get(call.parameters.get("uploadId", ""), {})
                refuse_denied(call, asked, parse_policy(text) if text else None, owner, begun)

    def on_create_multipart_upload(self, call: Call) -> Answer:
        """Remember how an upload began: its parts are judged by that."""
        answer = call.forward()
        found = re.search(rb"<UploadId>([^<]+)<", answer.body)
        if found:
            self._begun[found[1].decode()] = {
                name: call.headers[name] for name in KEYS_OF_HEADERS if name in call.headers
            }
        return answer

    def on_create_bucket(self, call: Call) -> Answer:
        """New buckets have SSE-S3; where the account has the April 2026 default, SSE-C is blocked too."""
        answer = call.forward()
        if answer.status == 200:
            blocked = ("SSE-C",) if self.sse_c_blocked_at_creation else ()
            self.encryption[call.resource] = EncryptionRule("AES256", blocked=blocked)
            self._tag(call)
        return answer

    def _tag(self, call: Call) -> None:
        """Keep the tags that a bucket is created with, which moto forgets."""
        root = ET.fromstring(call.body) if b"<Tags>" in call.body else ET.Element("none")  # noqa: S314  # an SDK's
        found = [(each[0].text or "", each[1].text or "") for each in root.iter() if each.tag.endswith("}Tag")]
        if found:
            s3_backends[call.account]["aws"].put_bucket_tagging(call.resource, dict(found))

    def on_delete_bucket(self, call: Call) -> Answer:
        """A bucket created again under the same name starts anew."""
        _owned(call)
        answer = call.forward()
        if answer.status < 300:
            self.encryption.pop(call.resource, None)
            self.policies.pop(call.resource, None)
            self.replications.pop(call.resource, None)
            self.loggings.pop(call.resource, None)
            self.inventories.pop(call.resource, None)
        return answer

    def on_list_buckets(self, call: Call) -> Answer:
        """List by name with prefix, Region and token (API reference, ListBuckets)."""
        buckets = s3_backends[call.account]["aws"].buckets
        start, prefix = call.parameters.get("continuation-token", ""), call.parameters.get("prefix", "")
        region, limit = call.parameters.get("bucket-region"), int(call.parameters.get("max-buckets", PAGE))
        names = sorted(
            name
            for name, bucket in buckets.items()
            if name > start and name.startswith(prefix) and region in {None, bucket.region_name}
        )
        root = ET.Element("ListAllMyBucketsResult")
        ET.SubElement(ET.SubElement(root, "Owner"), "ID").text = call.account
        listed = ET.SubElement(root, "Buckets")
        for name in names[:limit]:
            entry = ET.SubElement(listed, "Bucket")
            ET.SubElement(entry, "Name").text = name
            ET.SubElement(entry, "CreationDate").text = buckets[name].creation_date_ISO8601
            if call.parameters:  # "if the request contains at least one valid parameter"
                ET.SubElement(entry, "BucketRegion").text = buckets[name].region_name
        if len(names) > limit:
            ET.SubElement(root, "ContinuationToken").text = names[limit - 1]
        return xml_answer(root)

    def on_get_bucket_encryption(self, call: Call) -> Answer:
        """Every bucket has a default encryption since January 2023 (API reference, GetBucketEncryption)."""
        _owned(call)
        return xml_answer(self.encryption.get(call.resource, UNCONFIGURED).as_xml())

    def on_put_bucket_encryption(self, call: Call) -> Answer:
        """Store the one rule; blocked types that it does not name stay as they are (reported, not documented)."""
        _owned(call)
        kept = self.encryption.get(call.resource, UNCONFIGURED).blocked
        rule = parse_rule(call.body, kept)
        if rule.algorithm:
            call.forward()  # objects that moto stores inherit the mode
        self.encryption[call.resource] = rule
        return Answer(200)

    def on_delete_bucket_encryption(self, call: Call) -> Answer:
        """Reset to SSE-S3 (API reference, DeleteBucketEncryption)."""
        _owned(call)
        call.forward()
        self.encryption[call.resource] = EncryptionRule("AES256", blocked=self.encryption[call.resource].blocked)
        return Answer(204)

    def on_get_bucket_policy(self, call: Call) -> Answer:
        """Return the text as it was put; moto never sees a policy, so that none of its denials is wrong."""
        _owned(call)
        if call.resource not in self.policies:
            raise Refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
        return Answer(200, self.policies[call.resource].encode(), {"Content-Type": "application/json"})

    def on_put_bucket_policy(self, call: Call) -> Answer:
        """Refuse what S3 refuses: size, JSON, principals, foreign resources, and public policies where blocked."""
        _owned(call)
        text = call.body.decode(errors="replace")
        if is_public(checked(text, call.resource, self.principals)) and _blocks_public_policies(call):
            raise Refused("AccessDenied", "public policies are blocked by the BlockPublicPolicy setting", 403)
        self.policies[call.resource] = text
        return Answer(204)

    def on_delete_bucket_policy(self, call: Call) -> Answer:
        """Forget the policy; there need not be one."""
        _owned(call)
        self.policies.pop(call.resource, None)
        return Answer(204)

    def on_put_bucket_replication(self, call: Call) -> Answer:
        """Let moto check the configuration and keep it whole: moto forgets which objects a rule takes along."""
        _owned(call)
        answer = call.forward()
        if answer.status < 300:
            self.replications[call.resource] = call.body
        return answer

    def on_get_bucket_replication(self, call: Call) -> Answer:
        """Return the configuration as it was put."""
        _owned(call)
        kept = self.replications.get(call.resource)
        return call.forward() if kept is None else Answer(200, kept, {"Content-Type": "application/xml"})

    def on_delete_bucket_replication(self, call: Call) -> Answer:
        """Forget the configuration."""
        _owned(call)
        self.replications.pop(call.resource, None)
        return call.forward()

    def on_put_bucket_logging(self, call: Call) -> Answer:
        """Keep what S3 takes: a target of the same owner and Region. moto would ask for a grant that it cannot see."""
        _owned(call)
        found = re.search(rb"<TargetBucket>([^<]+)</TargetBucket>", call.body)
        if found:
            _, owner = s3_backends.bucket_accounts.get(target := found[1].decode(), (None, None))
            if owner != call.account:
                raise Refused("InvalidTargetBucketForLogging", "The target bucket for logging does not exist")
            buckets = s3_backends[owner]["aws"].buckets
            if buckets[target].region_name != buckets[call.resource].region_name:
                raise Refused("CrossLocationLoggingProhibited", "Cross S3 location logging not allowed.", 403)
        self.loggings[call.resource] = call.body
        return Answer(200)

    def on_get_bucket_logging(self, call: Call) -> Answer:
        """Return the setting as it was put."""
        _owned(call)
        kept = self.loggings.get(call.resource)
        return xml_answer(ET.Element("BucketLoggingStatus")) if kept is None else Answer(200, kept, _XML)

    def on_put_bucket_inventory_configuration(self, call: Call) -> Answer:
        """Keep the configuration whole: moto forgets which versions it lists."""
        _owned(call)
        self.inventories.setdefault(call.resource, {})[call.parameters["id"]] = call.body
        return Answer(204)

    def on_get_bucket_inventory_configuration(self, call: Call) -> Answer:
        """Return one configuration as it was put, or without an id the pages of all of them."""
        _owned(call)
        kept = self.inventories.get(call.resource, {})
        if "id" in call.parameters:
            if call.parameters["id"] not in kept:
                raise Refused("NoSuchConfiguration", "The specified configuration does not exist.", 404)
            return Answer(200, kept[call.parameters["id"]], _XML)
        names = sorted(name for name in kept if name > call.parameters.get("continuation-token", ""))
        root = ET.Element("ListInventoryConfigurationsResult")
        for name in names[:INVENTORIES]:
            root.append(_unqualified(ET.fromstring(kept[name])))  # noqa: S314  # what the SDK of a test wrote
        ET.SubElement(root, "IsTruncated").text = str(len(names) > INVENTORIES).lower()
        if len(names) > INVENTORIES:
            ET.SubElement(root, "NextContinuationToken").text = names[INVENTORIES - 1]
        return xml_answer(root)

    def on_get_bucket_policy_status(self, call: Call) -> Answer:
        """Tell whether the policy is public."""
        _owned(call)
        if call.resource not in self.policies:
            raise Refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
        root = ET.Element("PolicyStatus")
        ET.SubElement(root, "IsPublic").text = str(is_public(parse_policy(self.policies[call.resource]))).lower()
        return xml_answer(root)

    def on_update_object_encryption(self, call: Call) -> Answer:
        """Refuse: moto would store the request's body as the object."""
        raise Refused("NotImplemented", f"{call.name} is not played here", 501)


_XML: Final = {"Content-Type": "application/xml"}


def _unqualified(element: ET.Element) -> ET.Element:
    """Take the namespace off every name: the answer's root says it for all."""
    for each in element.iter():
        each.tag = each.tag.rpartition("}")[2]
    return element


def _blocks_public_policies(call: Call) -> bool:
    """Does the bucket's own public access block refuse public policies, or the account's?"""
    own: Any = s3_backends[call.account]["aws"].buckets[call.resource].public_access_block
    whole: Any = s3control_backends[call.account]["aws"].public_access_block
    return any(block is not None and str(block.block_public_policy).lower() == "true" for block in (own, whole))


def refuse_foreign(call: Call) -> None:
    """Refuse every call whose expected owner is not the bucket's, which moto ignores."""
    _, owner = s3_backends.bucket_accounts.get(call.resource, (None, None))
    if owner is not None and call.headers.get("x-amz-expected-bucket-owner") not in {None, owner}:
        raise Refused("AccessDenied", "Access Denied", 403)


def _owned(call: Call) -> None:
    """Refuse a bucket that does not exist, and one of another account."""
    _, owner = s3_backends.bucket_accounts.get(call.resource, (None, None))
    if owner is None:
        raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
    if call.account != owner:
        raise Refused("AccessDenied", "Access Denied", 403)
