"""An AWS on this machine: moto behind a gateway that answers where moto's answer is not AWS's.

One process, one address on 127.0.0.1. Calls pass the gateway: faults strike first, then a service of this package may
answer, the rest is moto's. Nothing in moto is patched; the services read and write its models.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from socket import SHUT_RDWR
from threading import RLock, Thread
from typing import Any, Final, Self

import boto3
import botocore.session
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import get_account_id_from
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from s3_guardrails.embedded.automation_service import AutomationService
from s3_guardrails.embedded.call import (
    Answer,
    Call,
    Refused,
    Signature,
    json_operation,
    query_operation,
    refusal,
    s3_operation,
)
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.fault import Faults
from s3_guardrails.embedded.iam_service import IamService
from s3_guardrails.embedded.identity import assume
from s3_guardrails.embedded.kms_service import KmsService
from s3_guardrails.embedded.remediation_service import RemediationService
from s3_guardrails.embedded.s3_service import S3Service, refuse_foreign

ACCOUNT: Final = DEFAULT_ACCOUNT_ID
REGION: Final = "us-east-1"

CONTROL: Final = "/v20180820/"
"""Where the paths of S3 Control begin (Amazon S3 API Reference)."""

Service = S3Service | KmsService | IamService | ConfigService | RemediationService | AutomationService
Services = Mapping[str, tuple[Service, ...]]
"""By the name under which SDKs sign; the first that knows an operation answers it."""


class EmbeddedAws:
    """A fresh account; use as a context manager. One at a time in a process: moto's state belongs to the process."""

    def __init__(self, region: str = REGION, seed: int = 7) -> None:
        """Choose the Region that clients use unless told otherwise; `seed` fixes the ids that moto makes up."""
        self.account, self.region, self._seed = ACCOUNT, region, seed
        self.faults = Faults()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.s3, self.kms, self.config = S3Service(), KmsService(), ConfigService()
        self.automation = AutomationService(self.client)
        self.remediation = RemediationService(self.automation, self.config)

    def __enter__(self) -> Self:
        """Forget what moto knows and begin to serve."""
        moto_api_backend.reset()
        mock_random.seed(self._seed)
        services: Services = {
            "s3": (self.s3,),
            "iam": (IamService(),),
            "kms": (self.kms,),
            "config": (self.config, self.remediation),
            "ssm": (self.automation,),
        }
        self._server = make_server("127.0.0.1", 0, Gateway(services, self.faults), True, request_handler=_QuietHandler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and forget the account."""
        self.automation.stop()
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

    def client(self, service: str, region: str | None = None, access_key: str = "embedded") -> Any:
        """Return the boto3 client of a service, whatever the caller's environment says; it never retries."""
        question = service, region or self.region, access_key
        if question not in self._clients:
            session = boto3.Session(access_key, "embedded", botocore_session=botocore.session.Session(_UNSETTLED))
            self._clients[question] = session.client(
                service,  # type: ignore[call-overload]  # any service
                region_name=region or self.region,
                endpoint_url=self.endpoint,
                config=Config(proxies={}, retries={"total_max_attempts": 1}),
            )
        return self._clients[question]

    def assume(self, role: str, session: str = "session") -> str:
        """Return an access key that signs as a session of the role (its ARN, in any account)."""
        return assume(self.account, self.region, role, session)


_UNSETTLED: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's variables (configuration name, environment name, default, conversion) without the user's settings."""


class _QuietHandler(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """Stay silent: an access log is noise in a demo and in tests."""


Wsgi = Callable[..., Any]


class Gateway:
    """The WSGI application in front of moto."""

    def __init__(self, services: Services, faults: Faults) -> None:
        """Take the services by the name under which SDKs sign for them."""
        self._moto: Wsgi = DomainDispatcherApplication(create_backend_app)
        self._services, self._faults = services, faults
        self._lock = RLock()  # moto's models are not made for threads

    def __call__(self, environ: dict[str, Any], start_response: Wsgi) -> Iterable[bytes]:
        """Answer one request."""
        call = self._read(environ)
        self._faults.precede(call)  # outside the lock: who acts may call this AWS
        try:
            with self._lock:
                answer = self._answer(call)
        except ConnectionResetError:
            environ["werkzeug.socket"].shutdown(SHUT_RDWR)
            raise
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        start_response(f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, 'Unknown')}", list(headers.items()))
        return [answer.body]

    def _answer(self, call: Call) -> Answer:
        try:
            self._faults.strike(call)
            if call.service == "s3":
                refuse_foreign(call)
            handle = self._handler(call)
            answer = handle(call) if handle else None
            return self._faults.outcome(call, answer or call.forward())
        except Refused as refused:
            return refusal(call.service, refused)

    def _handler(self, call: Call) -> Callable[[Call], Answer] | None:
        services = self._services.get(call.service, ())
        found = [
            getattr(each, name, None) for name in (f"on_{_snake(call.operation)}", "on_other") for each in services
        ]
        return next(filter(None, found), None)

    def _read(self, environ: dict[str, Any]) -> Call:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and isinstance(value, str)
        }
        body = _body(environ)
        signature = Signature.read(headers.get("authorization", ""))
        control = environ["PATH_INFO"].startswith(CONTROL)
        service = "s3control" if control else signature.service  # both sign for s3
        operation, resource, parameters = _meaning(service, environ, headers, body)
        return Call(
            service=service,
            operation=operation,
            account=get_account_id_from(signature.access_key),
            region=signature.region,
            resource=resource,
            parameters=parameters,
            headers=headers,
            body=body,
            forward=partial(self._forward, environ),
            access_key=signature.access_key,
        )

    def _forward(self, environ: dict[str, Any], body: bytes | None = None) -> Answer:
        if body is not None:
            environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Answer(int(status.split()[0]), b"".join(chunks), dict(headers.items()))


def _body(environ: dict[str, Any]) -> bytes:
    """Read the body and put it back for moto; a chunked upload is left to moto alone."""
    length = environ.get("CONTENT_LENGTH")
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _meaning(
    service: str, environ: dict[str, Any], headers: Mapping[str, str], body: bytes
) -> tuple[str, str, dict[str, Any]]:
    if "x-amz-target" in headers:
        return json_operation(headers, body)
    if service == "s3":
        return s3_operation(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers)
    if service == "s3control" and environ["PATH_INFO"] == f"{CONTROL}configuration/publicAccessBlock":
        return f"{environ['REQUEST_METHOD'].title()}PublicAccessBlock", headers.get("x-amz-account-id", ""), {}
    return query_operation(body) if service == "iam" else ("", "", {})


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
