"""A value for every data class, and others for some: ``value;class=value;class=value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from s3_guardrails.encryption.data_class import parse_table
from s3_guardrails.errors import ParameterError

T = TypeVar("T")

_OF_A_CLASS: Final = re.compile(r"\s*[^=:,]+=.*", re.DOTALL)
"""An entry of one class. A tag (`tag:Key=Value`) or an ARN has its colon before the first equals sign."""


@dataclass(frozen=True, slots=True)
class PerClass(Generic[T]):
    """`default` holds for every class without a value of its own, and for what has no class."""

    default: T
    by_class: Mapping[str, T]

    def of(self, data_class: str | None) -> T:
        """Return the value of a class."""
        return self.by_class.get(data_class or "", self.default)

    def __iter__(self) -> Iterator[T]:
        """Yield every value, the default first."""
        yield self.default
        yield from self.by_class.values()


def per_class(name: str, read: Callable[[str], T], otherwise: str = "") -> Callable[[str], PerClass[T]]:
    """Return what reads the parameter `name`, each value by `read`; `otherwise` stands where no default is written.

    >>> per_class("MaximumDays", int, "365")("180;restricted=90").of("restricted")
    90
    """

    def parse(text: str) -> PerClass[T]:
        parts = [part for part in text.split(";") if part.strip()]
        table = parse_table(";".join(part for part in parts if _OF_A_CLASS.fullmatch(part)), name)
        defaults = [part.strip() for part in parts if not _OF_A_CLASS.fullmatch(part)]
        if len(defaults) > 1:
            raise ParameterError(f"expected one value without a class, found `{defaults[1]}` as well")
        return PerClass(
            read(defaults[0] if defaults else otherwise), {key: _of(key, each) for key, each in table.items()}
        )

    def _of(data_class: str, text: str) -> T:
        try:
            return read(text)
        except ParameterError as error:
            raise ParameterError(f"class `{data_class}`: {error}") from None

    return parse
