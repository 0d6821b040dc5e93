"""The register of exemptions: one S3 object, verified by KMS where it must be signed, kept for some minutes.

A function is told where it is by `GUARDRAILS_EXEMPTIONS` (`s3://bucket/key`) and, where it must be signed, by whose
key in `GUARDRAILS_EXEMPTIONS_KEY` (an ARN). Whatever prevents reading it makes it Unreadable: a rule then excuses
nothing and says so, and a remediation changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC
from threading import Lock
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.register import (
    MAX_BYTES,
    SIGNING_ALGORITHM,
    Register,
    Signed,
    read_register,
    read_signed,
)
from s3_guardrails.live.call import MALFORMED, sentence
from s3_guardrails.live.clients import Clients

FACT: Final = "exemptions"
KEPT_SECONDS: Final = 300.0
LOCATION: Final = "GUARDRAILS_EXEMPTIONS"
SIGNING_KEY: Final = "GUARDRAILS_EXEMPTIONS_KEY"

_LOCATION: Final = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])/(.{1,1024})")
_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the register is; `signing_key` is the ARN of the KMS key that must have signed it, None for no matter."""

    bucket: str
    key: str
    signing_key: str | None = None

    @classmethod
    def parse(cls, location: str, signing_key: str | None = None) -> Place:
        """Read `s3://bucket/key` and the ARN of a key; raise InputError."""
        found = _LOCATION.fullmatch(location)
        if found is None:
            raise InputError(f"expected s3://bucket/key, found `{location[:80]}`")
        if signing_key and not _KEY.fullmatch(signing_key):
            raise InputError(f"expected the ARN of a KMS key, found `{signing_key[:80]}`")
        return cls(found[1], found[2], signing_key or None)


def own_register(clients: Clients, region: str) -> Register | Unreadable:
    """Return the register that this function was told of; an empty one where it was told of none."""
    location = os.environ.get(LOCATION)
    if not location:
        return Register()
    try:
        place = Place.parse(location, os.environ.get(SIGNING_KEY))
    except InputError as error:
        return Unreadable(FACT, f"{LOCATION}: {error}")
    return _KEPT.get(clients, region, place)


def fetch_register(clients: Clients, region: str, place: Place) -> Register | Unreadable:
    """Read and verify the register now."""
    try:
        found = clients.s3(region).get_object(Bucket=place.bucket, Key=place.key)
        signed = read_signed(found["Body"].read(MAX_BYTES + 1))
        if place.signing_key:
            _verify(clients, signed, place.signing_key)
        return replace(read_register(signed.text), published=found["LastModified"].astimezone(UTC).date())
    except InputError as error:
        return Unreadable(FACT, str(error))
    except (ClientError, BotoCoreError, OSError, *MALFORMED) as error:
        return Unreadable(FACT, sentence(error))


def _verify(clients: Clients, signed: Signed, key: str) -> None:
    """Raise InputError unless that very key signed it; what the object says of its key is not relied on."""
    if signed.signature is None:
        raise InputError("the register is not signed")
    try:
        signature = base64.b64decode(signed.signature, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("the signature is not base64") from None
    region = key.split(":")[3]
    try:
        answer = clients.kms(region).verify(
            KeyId=key,
            Message=signed.digest,
            MessageType="DIGEST",
            Signature=signature,
            SigningAlgorithm=SIGNING_ALGORITHM,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "KMSInvalidSignatureException":
            raise InputError(f"the signature is not by {key}") from None
        raise
    if answer.get("SignatureValid") is not True:
        raise InputError(f"the signature is not by {key}")


class _Kept:
    """The last register read, and until when it is good; one that could not be read is asked for again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: tuple[Place, float, Register] | None = None

    def get(self, clients: Clients, region: str, place: Place) -> Register | Unreadable:
        with self._lock:
            if self._found and self._found[0] == place and time.monotonic() < self._found[1]:
                return self._found[2]
            register = fetch_register(clients, region, place)
            if isinstance(register, Register):
                self._found = place, time.monotonic() + KEPT_SECONDS, register
            return register

    def forget(self) -> None:
        """Drop what is kept."""
        with self._lock:
            self._found = None


_KEPT: Final = _Kept()


def forget_register() -> None:
    """Drop the register that is kept, so that the next verdict reads it anew."""
    _KEPT.forget()
