"""Where plans and pre-images are kept: the evidence bucket, or a folder for who works from a laptop."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.errors import InputError, LiveReadFailed
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.remediate import durable

PREFIX: Final = "remediation"
PLAN_ID: Final = re.compile(r"[A-Za-z]{3,64}-[0-9a-f]{24}")


class Store(Protocol):
    """Keeps JSON documents by plan id and name (`plan`, `before`, `after`, `undone`)."""

    def put(self, plan_id: str, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document; raise LiveReadFailed where that is not certain."""

    def get(self, plan_id: str, name: str) -> Mapping[str, Any] | None:
        """Return a document, None where there is none; raise LiveReadFailed where that is not certain."""


class BucketStore:
    """The evidence bucket: versioned, so a document that is put twice is kept twice."""

    def __init__(self, clients: SessionClients, bucket: str, account: str, region: str) -> None:
        """The bucket must belong to `account`, or nothing is written."""
        self._client: Any = clients.s3(region)
        self._place = {"Bucket": bucket, "ExpectedBucketOwner": account}

    def put(self, plan_id: str, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document, encrypted as the bucket's default says."""
        body = json.dumps(document, indent=2, sort_keys=True).encode()
        try:
            self._client.put_object(**self._place, Key=_key(plan_id, name), Body=body, ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error

    def get(self, plan_id: str, name: str) -> Mapping[str, Any] | None:
        """Return the newest version of a document."""
        try:
            found: bytes = self._client.get_object(**self._place, Key=_key(plan_id, name))["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error
        except BotoCoreError as error:
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error
        return _object(found, _key(plan_id, name))


class FolderStore:
    """A folder on this machine, one folder per plan; a document is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Make the folder when it is first needed."""
        self._folder = folder

    def put(self, plan_id: str, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document."""
        path = self._folder / _key(plan_id, name)
        try:
            durable.put(path, json.dumps(document, indent=2, sort_keys=True))
        except OSError as error:
            raise LiveReadFailed(f"`{path}`: {error.strerror}") from error

    def get(self, plan_id: str, name: str) -> Mapping[str, Any] | None:
        """Return a document."""
        path = self._folder / _key(plan_id, name)
        try:
            return _object(path.read_bytes(), str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LiveReadFailed(f"`{path}`: {error.strerror}") from error


def _key(plan_id: str, name: str) -> str:
    if not PLAN_ID.fullmatch(plan_id):
        raise InputError(f"plan id `{plan_id[:80]}`: expected a name, a hyphen and 24 hexadecimal digits")
    return f"{PREFIX}/{plan_id}/{name}.json"


def _object(text: bytes, place: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LiveReadFailed(f"`{place}`: expected a JSON object")
    return found
