"""Random policies that nearly hold: a guarding Deny is split into halves that meet exactly, then a half is bent.

Policies drawn at random hardly ever hold, so they tell little about proofs. Here a statement is split on a condition
and on its exact complement, again and again; the result still denies all that the whole did, until something is bent.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from differential.pools import (
    ADDRESSES,
    BOOLEANS,
    DATES,
    KMS_ACTIONS,
    KMS_BOOLEANS,
    KMS_LISTS,
    KMS_RESOURCES,
    KMS_TEXTS,
    LISTS,
    NUMBERS,
    PRINCIPALS,
    S3_ACTIONS,
    S3_NUMBERS,
    S3_RESOURCES,
    S3_TEXTS,
    TEXTS,
    VARIABLES,
)

Document = dict[str, Any]
Statement = dict[str, Any]
Line = tuple[str, str, Any]
"""Operator, key, value or values."""


class Maker:
    """Makes one policy; `service` is `s3` or `kms`."""

    def __init__(self, random: Random, service: str) -> None:
        self.random, self.service = random, service
        kms = service == "kms"
        self.texts = self._few(TEXTS | (KMS_TEXTS if kms else S3_TEXTS), 3)
        self.lists = self._few(LISTS | (KMS_LISTS if kms else {}), 1)
        self.booleans = random.sample(BOOLEANS + (KMS_BOOLEANS if kms else []), 2)
        self.numbers = self._few(NUMBERS | ({} if kms else S3_NUMBERS), 1)
        self.actions = KMS_ACTIONS if kms else S3_ACTIONS
        self.resources = KMS_RESOURCES if kms else S3_RESOURCES

    def _few(self, pool: dict[str, list[str]], count: int) -> dict[str, list[str]]:
        """Few keys in one policy, so that its statements meet in them."""
        return {key: pool[key] for key in self.random.sample(list(pool), count)}

    def some(self, pool: list[str]) -> list[str]:
        return self.random.sample(pool, min(len(pool), self.random.choice([1, 1, 1, 2, 3])))

    def halves(self) -> tuple[Line, Line]:
        """A condition and its complement, absent keys included."""
        kinds: list[Callable[[], tuple[Line, Line]]] = [
            self._text, self._text, self._text, self._text, self._list, self._null, self._flag, self._number,
            self._date, self._address,
        ]  # fmt: skip
        return self.random.choice(kinds)()

    def _text(self) -> tuple[Line, Line]:
        key = self.random.choice(list(self.texts))
        values = self.some(self.texts[key])
        if self.random.random() < 0.1:
            values.append(self.random.choice(VARIABLES))
        stem = self.random.choice(["StringEquals", "StringLike", "StringLike", "StringEqualsIgnoreCase"])
        if "arn:" in values[0] and self.random.random() < 0.5:
            stem = self.random.choice(["ArnLike", "ArnEquals"])
        return (stem, key, values), (stem.replace("String", "StringNot").replace("Arn", "ArnNot"), key, values)

    def _list(self) -> tuple[Line, Line]:
        key = self.random.choice(list(self.lists))
        values, (yes, no) = self.some(self.lists[key]), self._ends("StringLike", "StringNotLike")
        if self.random.random() < 0.5:
            return (f"ForAnyValue:{yes}", key, values), (f"ForAllValues:{no}", key, values)
        return (f"ForAllValues:{yes}", key, values), (f"ForAnyValue:{no}", key, values)

    def _ends(self, yes: str, no: str) -> tuple[str, str]:
        return (yes, no) if self.random.random() < 0.7 else (no, yes)

    def _null(self) -> tuple[Line, Line]:
        key = self.random.choice([*self.texts, *self.lists, *self.booleans, *self.numbers, *ADDRESSES])
        return ("Null", key, "true"), ("Null", key, "false")

    def _flag(self) -> tuple[Line, Line]:
        key = self.random.choice(self.booleans)
        yes, no = self._ends("true", "false")
        return ("Bool", key, yes), ("BoolIfExists", key, no)

    def _number(self) -> tuple[Line, Line]:
        key = self.random.choice(list(self.numbers))
        value = self.random.choice(self.numbers[key])
        yes, no = self._ends("NumericLessThan", "NumericGreaterThanEquals")
        return (yes, key, value), (f"{no}IfExists", key, value)

    def _date(self) -> tuple[Line, Line]:
        key = self.random.choice(list(DATES))
        value = self.random.choice(DATES[key])
        yes, no = self._ends("DateLessThan", "DateGreaterThanEquals")
        return (yes, key, value), (f"{no}IfExists", key, value)

    def _address(self) -> tuple[Line, Line]:
        key = self.random.choice(list(ADDRESSES))
        values = self.some(ADDRESSES[key])
        yes, no = self._ends("IpAddress", "NotIpAddress")
        return (yes, key, values), (no, key, values)

    def split(self, statement: Statement) -> Iterator[Statement]:
        """Two statements that apply together to what the one applies to, or the one where they cannot be written."""
        kind = self.random.choice(["condition"] * 5 + ["Action", "Resource", "Principal"])
        if kind == "condition":
            for line in self.halves():
                found = with_line(statement, line)
                yield statement if found is None else found
            return
        pool: list[Any] = {"Action": self.actions, "Resource": self.resources, "Principal": PRINCIPALS}[kind]
        if f"Not{kind}" in statement or statement.get("Effect") == "Allow":
            yield statement
            return
        value = self.random.choice(pool)
        whole = {name: part for name, part in statement.items() if name != kind}
        if statement[kind] in ("*", "s3:*", "kms:*") or (kind == "Resource" and len(statement[kind]) > 1):
            yield whole | {kind: value}
            yield whole | {f"Not{kind}": value}
            return
        yield statement

    def bend(self, statement: Statement) -> Statement:
        """Change something that may open a hole."""
        bent = json.loads(json.dumps(statement))
        condition = bent.get("Condition", {})
        lines = [(name, key) for name, block in condition.items() for key in block]
        what = self.random.choice(["add", "drop", "operator", "value", "case", "unknown", "principal", "action"])
        if what == "add":
            return with_line(bent, self.random.choice(self.halves())) or bent
        if lines and what in {"drop", "operator", "value", "case", "unknown"}:
            name, key = self.random.choice(lines)
            value = condition[name].pop(key)
            renamed = {
                "operator": name.removesuffix("IfExists") if name.endswith("IfExists") else f"{name}IfExists",
                "unknown": "StringSoundsLike",
            }.get(what, name)
            if name == "Null":
                renamed = name
            key = key.swapcase() if what == "case" else key
            value = self.random.choice(value) if what == "value" and isinstance(value, list) and value else value
            if what != "drop":
                condition.setdefault(renamed, {})[key] = value
            bent["Condition"] = {each: block for each, block in condition.items() if block}
        elif what == "principal" and "Principal" in bent:
            bent["Principal"] = self.random.choice(PRINCIPALS)
        elif what == "action" and "Action" in bent:
            bent["Action"] = self.random.sample(self.actions, 2)
        return bent

    def guarded(self, whole: Statement) -> list[Statement]:
        """The statement, split a few times, and bent in at most two places."""
        parts = [whole]
        for _ in range(self.random.choice([0, 1, 1, 2, 2, 3, 4])):
            index = self.random.randrange(len(parts))
            parts[index : index + 1] = list(self.split(parts[index]))
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            index = self.random.randrange(len(parts))
            parts[index] = self.bend(parts[index])
        self.random.shuffle(parts)
        return parts


def with_line(statement: Statement, line: Line) -> Statement | None:
    """Add a condition, under another spelling of the key where the place is taken; None where there is no place."""
    name, key, values = line
    condition = {each: dict(block) for each, block in statement.get("Condition", {}).items()}
    block = condition.setdefault(name, {})
    spelled = next((each for each in (key, key.upper(), key.swapcase()) if each not in block), None)
    if spelled is None:
        return None
    block[spelled] = values
    return {**statement, "Condition": condition}
