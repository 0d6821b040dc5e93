"""What KMS costs in a month: a price list, requests, and the arithmetic. No requests are ever assumed.

One request of KMS for an object that is written or read (S3 User Guide, "Using SSE-KMS"); a Bucket Key saves up to 99
percent of them, and does not exist for DSSE-KMS ("Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind, shown

MILLION: Final = 1_000_000
_MONEY: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?")
_DUAL: Final = frozenset({EncryptionMode.DSSE_KMS_AWS, EncryptionMode.DSSE_KMS_CMK})
_CUSTOMER: Final = frozenset({EncryptionMode.SSE_KMS_CMK, EncryptionMode.DSSE_KMS_CMK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices of one group of Regions; no `regions` are all of the partition. `source`: who quotes them."""

    partition: str
    regions: tuple[str, ...]
    currency: str
    per_10000_requests: Decimal
    per_key_and_month: Decimal
    source: str
    quoted_for: str


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list: when it was read, its groups, and the percentage of requests that Bucket Keys leave at best."""

    read: str
    groups: tuple[Price, ...]
    left: int

    def of(self, partition: str, region: str) -> Price | None:
        """Return the price of a Region, a group that names it before one of the partition; None: none is quoted."""
        mine = [each for each in self.groups if each.partition == partition]
        named = (each for each in mine if region in each.regions)
        return next(named, None) or next((each for each in mine if not each.regions), None)

    def quoted(self, partition: str, region: str) -> Price:
        """Return the price of a Region for which there must be one; raise InputError."""
        price = self.of(partition, region)
        if price is None:
            raise InputError(f"no price is quoted for {region} of the partition {partition}")
        return price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The monthly cost of KMS requests for one bucket, as text with a currency, or why it is not known.

    `requests`: None where nobody said how many; then `requests_cost` and `at_best` are for a million.
    `key`: the monthly price of a customer managed key, which many buckets may share.
    """

    mode: EncryptionMode
    requests: int | None
    requests_cost: str
    at_best: str
    key: str
    basis: str


def cost(prices: Prices, partition: str, region: str, mode: EncryptionMode, requests: int | None) -> Cost:
    """Return what a bucket's KMS requests cost in a month, without and at best with a Bucket Key."""
    if not mode.uses_kms:
        return _same("nothing", mode, requests, f"{mode} makes no KMS request")
    price = prices.of(partition, region)
    if price is None:
        why = f"no price is quoted for {region} of the partition {partition}: pass --prices"
        return _same("not known", mode, requests, why)
    counted = MILLION if requests is None else requests
    full = price.per_10000_requests * counted / 10_000
    unit = " per million requests" if requests is None else ""
    return Cost(
        mode=mode,
        requests=requests,
        requests_cost=_money(full, price) + unit,
        at_best="no Bucket Keys for DSSE-KMS" if mode in _DUAL else _money(full * prices.left / 100, price) + unit,
        key=_money(price.per_key_and_month, price) if mode in _CUSTOMER else "nothing",
        basis=_basis(price, prices.read, requests),
    )


def _same(words: str, mode: EncryptionMode, requests: int | None, basis: str) -> Cost:
    return Cost(mode=mode, requests=requests, requests_cost=words, at_best=words, key=words, basis=basis)


def _basis(price: Price, read: str, requests: int | None) -> str:
    said = "how many requests a month there are is not known" if requests is None else "requests as given"
    return f"{said}; price of {price.quoted_for} by {price.source}, read {read}, without a free tier"


def _money(amount: Decimal, price: Price) -> str:
    """Round to hundredths of a cent; a price that rounds to nothing is not nothing."""
    exact = amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    if amount and not exact:
        return f"less than 0.0001 {price.currency}"
    text = f"{exact:f}"
    return f"{text.removesuffix('00')} {price.currency}"


@cache
def built_in() -> Prices:
    """Return the price list of this release."""
    return read_prices(json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8")))


def read_prices(document: Any) -> Prices:
    """Read a price list of the form of prices.json; raise InputError with the place."""
    root = _object(document, "prices")
    _expect(root, "", {"read", "bucket_keys", "groups"})
    saving = _object(root["bucket_keys"], "bucket_keys")
    _expect(saving, "bucket_keys.", {"saves_at_most_percent", "source"})
    most = saving["saves_at_most_percent"]
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= 100:
        raise InputError("bucket_keys.saves_at_most_percent: expected a whole number from 0 to 100")
    groups = root["groups"]
    if not isinstance(groups, list):
        raise InputError(f"groups: expected a list, found {kind(groups)}")
    return Prices(
        _text(root, "", "read"), tuple(_group(each, f"groups[{at}]") for at, each in enumerate(groups)), 100 - most
    )


def _group(entry: Any, place: str) -> Price:
    group = _object(entry, place)
    names = {"partition", "regions", "quoted_for", "currency", "per_10000_requests", "per_key_and_month", "source"}
    _expect(group, f"{place}.", names)
    regions = group["regions"]
    if not isinstance(regions, list) or not all(isinstance(each, str) for each in regions):
        raise InputError(f"{place}.regions: expected a list of strings, found {kind(regions)}")
    texts = {name: _text(group, f"{place}.", name) for name in names - {"regions"}}
    return Price(
        partition=texts["partition"],
        regions=tuple(regions),
        currency=texts["currency"],
        per_10000_requests=_amount(texts["per_10000_requests"], f"{place}.per_10000_requests"),
        per_key_and_month=_amount(texts["per_key_and_month"], f"{place}.per_key_and_month"),
        source=texts["source"],
        quoted_for=texts["quoted_for"],
    )


def _amount(text: str, place: str) -> Decimal:
    if not _MONEY.fullmatch(text):
        raise InputError(f'{place}: expected an amount as text such as "0.03", found {shown(text)}')
    return Decimal(text)


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: expected an object, found {kind(value)}")
    return value


def _expect(found: Mapping[str, Any], place: str, names: set[str]) -> None:
    for name in sorted(names ^ set(found)):
        what = "unknown" if name in found else "expected it, found nothing"
        raise InputError(f"{place}{name[:40]}: {what}; expected {', '.join(sorted(names))}")


def _text(found: Mapping[str, Any], place: str, name: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise InputError(f"{place}{name}: expected a string of 1 to 200 characters, found {kind(value)}")
    return value
