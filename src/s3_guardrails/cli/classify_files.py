"""The files that `classify` takes: findings of Macie and Access Analyzer, requests a month, prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from s3_guardrails.classification.access_analyzer import access_analyzer
from s3_guardrails.classification.cost import Prices, built_in, read_prices
from s3_guardrails.classification.evidence import Evidence
from s3_guardrails.classification.findings import Found
from s3_guardrails.classification.macie import macie
from s3_guardrails.classification.requests import requests_per_month
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json

T = TypeVar("T")

MAX_BYTES: Final = 64 << 20
"""Findings of a large account take some ten megabytes; more is refused unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the files say: findings by bucket's name, requests a month by bucket's name, prices."""

    findings: Mapping[str, tuple[Evidence, ...]]
    requests: Mapping[str, int]
    prices: Prices


def read_files(
    macie_files: Sequence[Path], analyzer_files: Sequence[Path], requests: Path | None, prices: Path | None
) -> Given:
    """Read all of them; raise InputError with file and place."""
    found = [each for path in macie_files for each in _read("--macie", path, macie)]
    found += [each for path in analyzer_files for each in _read("--access-analyzer", path, access_analyzer)]
    return Given(
        findings=_by_bucket(found),
        requests=_read("--requests", requests, requests_per_month) if requests else {},
        prices=_read("--prices", prices, read_prices) if prices else built_in(),
    )


def _by_bucket(found: Sequence[Found]) -> Mapping[str, tuple[Evidence, ...]]:
    grouped: dict[str, tuple[Evidence, ...]] = {}
    for each in found:
        grouped[each.bucket] = (*grouped.get(each.bucket, ()), each.evidence)
    return grouped


def _read(option: str, path: Path, parse: Callable[[Any], T]) -> T:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # more is refused for its length
        return parse(strict_json(data.decode("utf-8-sig"), MAX_BYTES))
    except OSError as error:
        raise InputError(f"{option} `{path}`: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{option} `{path}`: expected UTF-8") from None
    except (InputError, PolicySyntaxError) as error:
        raise InputError(f"{option} `{path}`: {error}") from None
