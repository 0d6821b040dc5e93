"""The embedded AWS as a fixture: a fresh account for each test."""

from collections.abc import Iterator

import pytest

from s3_guardrails.embedded.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as fresh:
        yield fresh
