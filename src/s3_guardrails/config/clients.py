"""AWS clients that outlive an event: a client costs over a hundred times what rdklib's own work for an event costs."""

from __future__ import annotations

import os
from functools import partial
from threading import Lock
from typing import Any, Final

import boto3
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from s3_guardrails.errors import EvaluationFailed
from s3_guardrails.live.call import MALFORMED, sentence
from s3_guardrails.live.clients import SETTINGS, SessionClients

SESSION_NAME: Final = "s3-guardrails"
SESSION_SECONDS: Final = 3600
"""Lifetime of assumed credentials; botocore renews them 15 minutes before their end, the longest that a Lambda runs."""

_KEPT: Final[dict[Any, tuple[boto3.Session, SessionClients]]] = {}
_LOCK: Final = Lock()


def clients_for(role: str | None, region: str) -> SessionClients:
    """Return the clients of a role (None: the function's own credentials), kept from event to event.

    Raise EvaluationFailed for a role that cannot be assumed: here and now, so that no fact seems refused by it later.
    """
    question = (role, region, _surroundings())
    with _LOCK:
        if question not in _KEPT:
            session = _assuming(role, region) if role else boto3.Session(region_name=region)
            _KEPT[question] = session, SessionClients(session)
        session, clients = _KEPT[question]
    if role:
        _renew(session, role)
    return clients


def forget_clients() -> None:
    """Drop every kept client."""
    with _LOCK:
        _KEPT.clear()


def _surroundings() -> tuple[tuple[str, str], ...]:
    """Return what clients take from the environment, which changes only where one process plays many functions."""
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))


def _assuming(role: str, region: str) -> boto3.Session:
    session = get_session()
    session.register_component("credential_provider", CredentialResolver([_AssumedRole(role, region)]))
    return boto3.Session(botocore_session=session, region_name=region)


def _renew(session: boto3.Session, role: str) -> None:
    credentials = session.get_credentials()
    try:
        if credentials is not None:
            credentials.get_frozen_credentials()
    except (ClientError, BotoCoreError, *MALFORMED) as error:
        raise EvaluationFailed(f"role `{role}` cannot be assumed: {sentence(error)}") from None


class _AssumedRole(CredentialProvider):
    """Assumes one role through the Region's own STS endpoint, whatever the partition, and renews the credentials."""

    METHOD = "assume-role"

    def __init__(self, role: str, region: str) -> None:
        super().__init__()
        self._role, self._region = role, region

    def load(self) -> DeferredRefreshableCredentials:
        source: Session = get_session()
        own = source.get_credentials()
        if own is None:
            raise EvaluationFailed("the function has no credentials to assume a role with")
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(source.create_client, region_name=self._region, config=SETTINGS),
            source_credentials=own,
            role_arn=self._role,
            extra_args={"RoleSessionName": SESSION_NAME, "DurationSeconds": SESSION_SECONDS},
        )
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)
