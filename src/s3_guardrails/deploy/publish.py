"""Signs the register with a KMS key, and puts it where rules and remediations read it."""

from __future__ import annotations

import base64
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.errors import InputError, LiveReadFailed
from s3_guardrails.exemption.register import SIGNING_ALGORITHM, Signed
from s3_guardrails.live.call import MALFORMED, sentence
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.exemptions import Place


def sign(clients: Clients, signed: Signed, key: str) -> Signed:
    """Return the register with its signature by an ECC_NIST_P256 key (ARN); raise LiveReadFailed."""
    try:
        answer = clients.kms(key.split(":")[3]).sign(
            KeyId=key, Message=signed.digest, MessageType="DIGEST", SigningAlgorithm=SIGNING_ALGORITHM
        )
        return replace(signed, signature=base64.b64encode(answer["Signature"]).decode(), key=key)
    except (ClientError, BotoCoreError, *MALFORMED) as error:
        raise LiveReadFailed(f"signing with `{key}`: {sentence(error)}") from None


def publish(clients: Clients, region: str, place: Place, content: str) -> str:
    """Put the object and return its version; raise InputError where the bucket keeps no versions."""
    s3, where = clients.s3(region), f"s3://{place.bucket}/{place.key}"
    try:
        if s3.get_bucket_versioning(Bucket=place.bucket).get("Status") != "Enabled":
            raise InputError(f"bucket `{place.bucket}` keeps no versions: who changed an exemption when would be lost")
        body = content.encode()
        return s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType="application/json")["VersionId"]
    except (ClientError, BotoCoreError, *MALFORMED) as error:
        raise LiveReadFailed(f"{where}: {sentence(error)}") from None
