"""The history of policies, key policies, default encryption and rotation: AWS keeps none for key policies.

One document for each state that was seen, named after the second at which it was and its digest, so that the names
alone are the history: ``history/ACCOUNT/REGION/bucket/NAME/policy/20261121T200000Z-SHA256.json``. A state that is the
last one already is not written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.call import MALFORMED, sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.remediate.change import digest
from s3_guardrails.remediate.durable import put
from s3_guardrails.remediate.state import Resource, Setting, read_state

PREFIX: Final = "history"
_NAME: Final = re.compile(r"(?P<time>[0-9]{8}T[0-9]{6}Z)-(?P<sha256>[0-9a-f]{64})\.json")


class Shelf(Protocol):
    """Where documents are kept, by names with slashes."""

    def names(self, prefix: str) -> list[str]:
        """Return the last parts of all names below a prefix, sorted; raise LiveReadFailed."""

    def put(self, name: str, text: str) -> None:
        """Keep a document; raise LiveReadFailed where that is not certain."""

    def get(self, name: str) -> str:
        """Return a document; raise LiveReadFailed."""


class FolderShelf:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        """Make folders when they are first needed."""
        self._folder = folder

    def names(self, prefix: str) -> list[str]:
        """Return the names of the files."""
        folder = self._folder / prefix
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def put(self, name: str, text: str) -> None:
        """Write a file whole or not at all."""
        try:
            put(self._folder / name, text)
        except OSError as error:
            raise LiveReadFailed(f"`{self._folder / name}`: {error.strerror}") from error

    def get(self, name: str) -> str:
        """Read a file."""
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LiveReadFailed(f"`{self._folder / name}`: {error}") from error


class BucketShelf:
    """The evidence bucket, which must belong to `account`."""

    def __init__(self, clients: SessionClients, bucket: str, account: str, region: str) -> None:
        """Take the bucket's own Region."""
        self._client: Any = clients.s3(region)
        self._place = {"Bucket": bucket, "ExpectedBucketOwner": account}

    def names(self, prefix: str) -> list[str]:
        """List the keys below the prefix."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(**self._place, Prefix=f"{prefix}/")
            found = [each["Key"].rpartition("/")[2] for page in pages for each in page.get("Contents", ())]
        except (ClientError, BotoCoreError, *MALFORMED) as error:
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error
        return sorted(found)

    def put(self, name: str, text: str) -> None:
        """Put an object, encrypted as the bucket's default says."""
        try:
            self._client.put_object(**self._place, Key=name, Body=text.encode(), ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error

    def get(self, name: str) -> str:
        """Get an object."""
        try:
            body: bytes = self._client.get_object(**self._place, Key=name)["Body"].read()
            return body.decode("utf-8")
        except (ClientError, BotoCoreError, *MALFORMED) as error:
            raise LiveReadFailed(f"evidence bucket {self._place['Bucket']}: {sentence(error)}") from error


@dataclass(frozen=True, slots=True)
class Recorded:
    """One state of one setting: when it was first seen as the last one, and the digest of its canonical JSON."""

    setting: Setting
    time: str
    sha256: str
    name: str


def settings_of(resource: Resource) -> tuple[Setting, ...]:
    """Return the settings of a bucket or key whose history is kept."""
    of_bucket = isinstance(resource, Bucket)
    return tuple(each for each in Setting if each.of_bucket is of_bucket)


def record(shelf: Shelf, clients: SessionClients, resource: Resource, setting: Setting, now: datetime) -> bool:
    """Keep the setting as it is now, unless that is its last state already; return whether it was new.

    Raises ChangeFailed where it may not be read, LiveReadFailed where nobody answers.
    """
    state = read_state(setting, clients, resource)
    sha256, place = digest(state), _place(resource, setting)
    last = next(reversed(list(recorded(shelf, resource, setting))), None)
    if last is not None and last.sha256 == sha256:
        return False
    time = now.strftime("%Y%m%dT%H%M%SZ")
    told = {"resource": resource.arn, "setting": setting.value, "recorded": time, "sha256": sha256}
    shelf.put(f"{place}/{time}-{sha256}.json", json.dumps({**told, "state": state}, indent=1, sort_keys=True) + "\n")
    return True


def recorded(shelf: Shelf, resource: Resource, setting: Setting) -> Iterator[Recorded]:
    """Yield the states of a setting in the order of time; other names in the place are not ours."""
    place = _place(resource, setting)
    for name in shelf.names(place):
        if found := _NAME.fullmatch(name):
            yield Recorded(setting, found["time"], found["sha256"], f"{place}/{name}")


def state_of(shelf: Shelf, each: Recorded) -> Mapping[str, Any]:
    """Return a recorded state; raise LiveReadFailed where the document is not what its name says."""
    try:
        found = json.loads(shelf.get(each.name))
        state: Mapping[str, Any] = found["state"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LiveReadFailed(f"`{each.name}`: expected a document of the history") from None
    if digest(state) != each.sha256:
        raise LiveReadFailed(f"`{each.name}`: the state is not the one of its name: it was changed")
    return state


def _place(resource: Resource, setting: Setting) -> str:
    kind, name = ("bucket", resource.name) if isinstance(resource, Bucket) else ("key", resource.key_id)
    return f"{PREFIX}/{resource.account}/{resource.region}/{kind}/{name}/{setting.value}"
