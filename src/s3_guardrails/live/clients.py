"""AWS clients: made when first needed, kept, shared by threads; adaptive retries, and no endpoint of our own making."""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config

from s3_guardrails import __version__

if TYPE_CHECKING:
    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

SETTINGS: Final = Config(
    retries={"mode": "adaptive", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=32,
    user_agent_extra=f"s3-guardrails/{__version__}",
)
"""Adaptive retries slow down by themselves where a service throttles. Timeouts are in seconds."""


class Clients(Protocol):
    """What the live reader asks; one per account."""

    def s3(self, region: str) -> S3Client:
        """Return the S3 client of a Region."""

    def kms(self, region: str) -> KMSClient:
        """Return the KMS client of a Region."""

    def client(self, service: str, region: str) -> Any:
        """Return the client of any service in a Region."""

    def knows(self, region: str, partition: str) -> bool:
        """Is there such a Region in the partition? A name out of a bucket's setting need not be one."""


class SessionClients:
    """The clients of one boto3 session: its credentials chain, profile and, optionally, one endpoint for everything."""

    def __init__(
        self, session: boto3.Session | None = None, endpoint_url: str | None = None, settings: Config = SETTINGS
    ) -> None:
        """Take a session (default: a new one); no client is made yet."""
        self._session = session or boto3.Session()
        self._endpoint_url = endpoint_url
        self._settings = settings
        self._unretried: SessionClients | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def s3(self, region: str) -> S3Client:
        """Return the S3 client of a Region."""
        client: S3Client = self.client("s3", region)
        return client

    def kms(self, region: str) -> KMSClient:
        """Return the KMS client of a Region."""
        client: KMSClient = self.client("kms", region)
        return client

    def config(self, region: str) -> ConfigServiceClient:
        """Return the AWS Config client of a Region."""
        client: ConfigServiceClient = self.client("config", region)
        return client

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region; making one is not thread-safe in boto3, hence the lock."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = client = self._session.client(
                    service,  # type: ignore[call-overload]  # any service's name
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    config=self._settings,
                )
                client.meta.events.register("before-call.s3-control", _at_address)
            return self._clients[service, region]

    def unretried(self) -> SessionClients:
        """Return clients of the same session that send each call once: a write is not repeated unseen."""
        if self._unretried is None:
            once = SETTINGS.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
            self._unretried = SessionClients(self._session, self._endpoint_url, once)
        return self._unretried

    def knows(self, region: str, partition: str) -> bool:
        """Is there such a Region in the partition, as far as the SDK's data says?"""
        with self._lock:
            return region in self._session.get_available_regions("kms", partition_name=partition)


def _at_address(params: dict[str, Any], **_: Any) -> None:
    """Send S3 Control's calls to an endpoint that is an address: the SDK puts the account before it, as for a name."""
    parts = urlsplit(params["url"])
    account, _dot, address = (parts.hostname or "").partition(".")
    if re.fullmatch(r"[0-9]{12}", account) and re.fullmatch(r"[0-9]+(\.[0-9]+){3}", address):
        port = f":{parts.port}" if parts.port else ""
        params["url"] = urlunsplit(parts._replace(netloc=f"{address}{port}"))
