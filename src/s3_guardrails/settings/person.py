"""Who is who: names that people write of people."""

from __future__ import annotations

import unicodedata


def same_person(one: str, other: str) -> bool:
    r"""Are the names the same but for their case and the width or ligature of letters?

    >>> same_person("ciso@example.com", "CISO@\uff45xample.com")
    True
    """
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
