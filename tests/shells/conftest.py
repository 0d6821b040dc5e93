"""The embedded AWS as a fixture, a fresh account for each test; and the command that remediates it."""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from remediate_command import ran
from remediation import recorded

from s3_guardrails.embedded.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Let clients retry at once: how long they wait in between is the SDK's affair."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)


@pytest.fixture
def calls(monkeypatch):
    """Every call of the last run, as service and operation."""
    return recorded(monkeypatch)


@pytest.fixture
def remediate(aws, capsys, tmp_path, monkeypatch, calls):
    """Run the command in a folder of its own; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        calls.clear()
        return ran(aws, capsys, arguments)

    return run


@pytest.fixture
def remediated(remediate):
    """Run the command with --json; return exit status and the object."""

    def run(*arguments):
        code, out, _ = remediate("--json", *arguments)
        return code, json.loads(out)

    return run
