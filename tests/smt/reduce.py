"""Leave out what hands the decision to an account's identity policies, which nobody sees.

KMS Developer Guide, "Default key policy": a statement for an account gives no principal access by itself.
"""

import re
from typing import Any

from smt.statements import account_of, conditions, entries, statements_of

NAMES_PRINCIPALS = re.compile(r"aws:(principalarn|userid|username|principaltag/)")


def without_accounts(policy: dict[str, Any], only: str | None = None) -> dict[str, Any]:
    """Drop entries for accounts from the Allows whose conditions name no principal; with `only`, that account's."""
    return {**policy, "Statement": [kept for each in statements_of(policy) if (kept := _direct(each, only))]}


def _direct(statement: dict[str, Any], only: str | None) -> dict[str, Any] | None:
    if statement["Effect"] == "Deny" or "NotPrincipal" in statement:
        return statement
    naming = any(NAMES_PRINCIPALS.match(key.lower()) for _, key, _ in conditions(statement))
    if naming:
        return statement
    kept: dict[str, list[str]] = {}
    for kind, text in entries(statement["Principal"]):
        account = account_of(text) if kind == "AWS" else None
        if account is None or (only is not None and account != only):
            kept.setdefault(kind, []).append(text)
    return {**statement, "Principal": kept} if kept else None
