"""Enter an account with a role: clients that work as a session of it, or why there are none."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import boto3
import botocore.session
from botocore.exceptions import ClientError

from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.live.clients import Clients, SessionClients

HIDDEN: Final = "(the external id)"


def enter(
    clients: Clients, role: str, home: str, endpoint_url: str | None, name: str, external_id: str | None = None
) -> SessionClients | Unreadable:
    """Assume a role (its ARN) under a session name; a reason never tells the external id."""
    given = {"ExternalId": external_id} if external_id else {}

    def ask() -> SessionClients:
        try:
            answer = clients.client("sts", home).assume_role(RoleArn=role, RoleSessionName=name, **given)
        except ClientError as error:
            raise _hiding(error, external_id) from None
        found = answer["Credentials"]
        keys = found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
        return SessionClients(boto3.Session(*keys, botocore_session=_session()), endpoint_url)

    return tried("account", ask)


def _hiding(error: ClientError, external_id: str | None) -> ClientError:
    """Return the error without the external id, which STS quotes in some messages; before they are cut."""
    told = error.response.get("Error", {})
    message = str(told.get("Message", ""))
    hidden = message.replace(external_id, HIDDEN) if external_id else message
    return ClientError({**error.response, "Error": {**told, "Message": hidden}}, error.operation_name)


def _session() -> botocore.session.Session:
    """Return a session that shares AWS's service models with all others: parsing them anew takes most of its time."""
    session = botocore.session.Session()
    session.register_component("data_loader", _models())
    return session


@cache
def _models() -> Any:
    return botocore.session.get_session().get_component("data_loader")
