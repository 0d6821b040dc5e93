"""An AWS on this machine: moto behind a gateway that answers where moto's answer is not AWS's.

One process, one address on 127.0.0.1. Calls pass the gateway: faults strike first, then a service of this package may
answer, the rest is moto's. Nothing in moto is patched; the services read and write its models.
"""

from __future__ import annotations

import os
from threading import Thread
from typing import Any, Final, Self

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from s3_guardrails.embedded.account_service import AccountService
from s3_guardrails.embedded.event_service import EventService
from s3_guardrails.embedded.fault import Faults
from s3_guardrails.embedded.gateway import Gateway, Services
from s3_guardrails.embedded.iam_service import IamService
from s3_guardrails.embedded.identity import assume
from s3_guardrails.embedded.kms_service import KmsService
from s3_guardrails.embedded.object_access import TRANSPORT
from s3_guardrails.embedded.organization_service import OrganizationService
from s3_guardrails.embedded.place import Places, Regional
from s3_guardrails.embedded.quota_service import QuotaService
from s3_guardrails.embedded.recorder_service import RecorderService
from s3_guardrails.embedded.results_service import ResultsService
from s3_guardrails.embedded.role_access import RoleAccess
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.embedded.stack.stack_set_service import StackSetService
from s3_guardrails.embedded.sts_service import StsService
from s3_guardrails.embedded.trail_service import TrailService

ACCOUNT: Final = DEFAULT_ACCOUNT_ID
REGION: Final = "us-east-1"


class EmbeddedAws:
    """A fresh account; use as a context manager. One at a time in a process: moto's state belongs to the process.

    `config`, `automation` and `remediation` are those of its own account and Region, `places` has all; `organization`
    (the module) makes further accounts. `access` judges what deployed functions do by the policies of their roles.
    """

    def __init__(self, region: str = REGION, seed: int = 7) -> None:
        """Choose the Region that clients use unless told otherwise; `seed` fixes the ids that moto makes up."""
        self.account, self.region, self._seed = ACCOUNT, region, seed
        self.faults = Faults()
        self._clients: dict[tuple[str, str, str, bool], Any] = {}
        self.s3, self.kms = S3Service(), KmsService()
        self.recorder, self.regions, self.quotas = RecorderService(), AccountService(), QuotaService()
        self.trails = TrailService()
        self.places = Places(self.client, self.s3, self._of_function)
        self.results = ResultsService(self.places)
        self.access = RoleAccess(lambda account, region: self.places.at(account, region).config)
        self.stack_sets = StackSetService(self.client)
        here = self.places.at(self.account, self.region)
        self.config, self.automation, self.remediation = here.config, here.automation, here.remediation

    def __enter__(self) -> Self:
        """Forget what moto knows and begin to serve."""
        moto_api_backend.reset()
        mock_random.seed(self._seed)
        services: Services = {
            "s3": (self.s3,),
            "iam": (IamService(),),
            "kms": (self.kms,),
            "config": (
                Regional(lambda place: place.config, self.places),
                self.results,
                self.recorder,
                Regional(lambda place: place.remediation, self.places),
                Regional(lambda place: place.packs, self.places),
            ),
            "account": (self.regions, self.access),
            "cloudtrail": (self.trails,),
            "events": (EventService(),),
            "cloudformation": (Regional(lambda place: place.stacks, self.places), self.stack_sets),
            "organizations": (OrganizationService(self.stack_sets),),
            "servicequotas": (self.quotas,),
            "lambda": (Regional(lambda place: place.functions, self.places), self.quotas),
            "ssm": (Regional(lambda place: place.automation, self.places),),
            "sts": (StsService(),),
        }
        self._server = make_server("127.0.0.1", 0, Gateway(services, self.faults), True, request_handler=_QuietHandler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and forget the account."""
        self.places.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        moto_api_backend.reset()

    @property
    def endpoint(self) -> str:
        """The address for ``endpoint_url`` and ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """Return the variables that lead an SDK here and nowhere else: no profile, no proxy, no metadata service."""
        return {
            "AWS_ACCESS_KEY_ID": "embedded",
            "AWS_SECRET_ACCESS_KEY": "embedded",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def client(
        self, service: str, region: str | None = None, access_key: str = "embedded", *, plain_http: bool = False
    ) -> Any:
        """Return the boto3 client of a service, whatever the caller's environment says; it never retries.

        An empty access key does not sign. With `plain_http` its requests count as made without TLS.
        """
        question = service, region or self.region, access_key, plain_http
        if question not in self._clients:
            session = boto3.Session(access_key or "nobody", "embedded", botocore_session=_session())
            client: Any = session.client(
                service,  # type: ignore[call-overload]  # any service
                region_name=region or self.region,
                endpoint_url=self.endpoint,
                config=Config(
                    proxies={},
                    retries={"total_max_attempts": 1},
                    signature_version=None if access_key else UNSIGNED,
                ),
            )
            if plain_http:
                client.meta.events.register("before-call", _without_tls)
            self._clients[question] = client
        return self._clients[question]

    def _of_function(self, region: str, role: str) -> dict[str, str]:
        key = self.assume(role, "function")
        self.access.bind(key, role)
        return {**self.environment(), "AWS_ACCESS_KEY_ID": key, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    def assume(self, role: str, session: str = "session") -> str:
        """Return an access key that signs as a session of the role (its ARN, in any account)."""
        return assume(self.account, self.region, role, session)


_UNSETTLED: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's variables (configuration name, environment name, default, conversion) without the user's settings."""


def _session() -> botocore.session.Session:
    return botocore.session.Session(_UNSETTLED)


def _without_tls(params: dict[str, Any], **_: object) -> None:
    params["headers"][TRANSPORT] = "http"


class _QuietHandler(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """Stay silent: an access log is noise in a demo and in tests."""
