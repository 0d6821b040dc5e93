"""Where a remediation from a laptop works: the account, the store of its pre-images, its journal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Final

from s3_guardrails.cli.account import Account
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.register import Register
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.logs.book import LogBook
from s3_guardrails.remediate.engine import Engine, Order
from s3_guardrails.remediate.journal import Journal
from s3_guardrails.remediate.own_evidence import OwnEvidence
from s3_guardrails.remediate.store import PREFIX, BucketStore, FolderStore, Store
from s3_guardrails.scan import Resource

FOLDER: Final = "s3-guardrails-journal"


class ReadOnly:
    """A store that keeps nothing: a dry run writes nowhere."""

    def __init__(self, store: Store) -> None:
        """Answer from the store."""
        self._store = store

    def put(self, plan_id: str, name: str, document: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def get(self, plan_id: str, name: str) -> Mapping[str, Any] | None:
        """Return a document."""
        return self._store.get(plan_id, name)


def open_place(account: Account, folder: Path, evidence_bucket: str | None, *, writes: bool) -> Place:
    """Find the store: the evidence bucket where one is named, else the folder; raise InputError, LiveReadFailed."""
    store: Store = FolderStore(folder)
    own = OwnEvidence()
    if evidence_bucket is not None:
        bucket = evidence_bucket_of(account, evidence_bucket)
        store = BucketStore(account.clients, bucket.name, account.id, bucket.region)
        own = OwnEvidence(bucket=bucket.name, key=_key_of(account.readers[0], bucket))
    return Place(
        account=account,
        folder=folder,
        own=own,
        store=store if writes else ReadOnly(store),
        writes=writes,
    )


def evidence_bucket_of(account: Account, name: str) -> Bucket:
    """Return the bucket of that name; raise InputError where the account has none."""
    found = [each for each in account.readers[0].list_buckets() if each.name == name]
    if not found:
        raise InputError(f"evidence bucket `{name}`: not found in account {account.id}")
    return found[0]


def _key_of(reader: LiveReader, bucket: Bucket) -> str:
    """Return the ARN of the key that encrypts the bucket by default, empty where it names none."""
    key: object = reader.complete_bucket(bucket, "default_encryption").default_encryption
    if isinstance(key, DefaultEncryption):
        key = reader.resolver.arn_of(key.key, bucket.region) if key.key else None
    if isinstance(key, Unreadable):
        raise InputError(f"evidence bucket `{bucket.name}`: its key could not be read: {key.reason}")
    return key if isinstance(key, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One account, where pre-images are kept, and what logs say; `writes` False: nothing is kept anywhere."""

    account: Account
    folder: Path
    own: OwnEvidence
    store: Store
    writes: bool
    logs: LogBook | None = None
    exemptions: Register = Register()

    def engine_for(self, order: Order) -> Engine:
        """Return an engine that remembers nothing, in the resource's Region."""
        resource = order.resource
        return self.engine(resource.region if isinstance(resource, Key) else self._first.region)

    def engine(self, region: str = "") -> Engine:
        """Return an engine that remembers nothing, in a Region (default: the first)."""
        clients, first = self.account.clients, self._first
        return Engine(
            reader=LiveReader(clients, first.account, region or first.region, first.partition),
            clients=clients,
            store=self.store,
            own=self.own,
            sleep=time.sleep,
            caller=self.account.caller,
            logs=self.logs,
            exemptions=self.exemptions,
        )

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Open the journal in the folder; raise InputError where it is damaged. A dry run only reads it."""
        journal = Journal(self.folder, writes=self.writes)
        try:
            yield journal
        finally:
            journal.close()

    def kept(self, plan_id: str) -> str:
        """Return where a plan's pre-image is, or will be."""
        start = f"s3://{self.own.bucket}" if self.own.bucket else str(self.folder)
        return f"{start}/{PREFIX}/{plan_id}/before.json"

    def again(self, flag: str) -> str:
        """Return a command about a plan that works in this place."""
        folder = "" if self.folder == Path(FOLDER) else f" --journal {quote(str(self.folder))}"
        evidence = f" --evidence-bucket {self.own.bucket}" if self.own.bucket else ""
        return f"s3-guardrails remediate {flag}{folder}{evidence}"

    def bare(self, resource: Resource) -> Resource:
        """Return the resource with nothing read."""
        reader = self._first
        return reader.key(resource.arn) if isinstance(resource, Key) else reader.bucket(resource.name, resource.region)

    @property
    def _first(self) -> LiveReader:
        return self.account.readers[0]
