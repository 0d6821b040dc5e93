"""Run code of this process against an embedded AWS: nothing of the user's own AWS settings is left in reach."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def only(variables: Mapping[str, str]) -> Iterator[None]:
    """Replace every ``AWS_…`` variable by the given ones, and put everything back afterwards.

    A profile, an ``AWS_ENDPOINT_URL_S3`` or a session token of the user would else lead a call to a real account.
    """
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
