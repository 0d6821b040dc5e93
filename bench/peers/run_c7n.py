"""Cloud Custodian's own filters on cases from stdin; run by the Python of an environment that has c7n alone."""

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from c7n.resources.kms import KMSPolicyChecker
from c7n.resources.s3 import EncryptionEnabledFilter, S3HasStatementFilter

Case = dict[str, Any]
MANAGER = SimpleNamespace(config=SimpleNamespace(account_id="111122223333", region="us-east-1"))
GUARD = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
RESOURCE = {"Resource": ["arn:aws:s3:::{bucket_name}", "arn:aws:s3:::{bucket_name}/*"]}
PARTLY = {"PartialMatch": ["Action", "Principal", "Condition", "Resource"]}


def bucket(case: Case) -> Case:
    """A bucket as the filters see it."""
    return {"Name": case["bucket"], "Policy": json.dumps(case["policy"]), "Location": {"LocationConstraint": None}}


def has(statement: Case) -> Callable[[Case], bool]:
    """Does has-statement find the statement?"""

    def check(case: Case) -> bool:
        found = S3HasStatementFilter({"type": "has-statement", "statements": [statement]}, MANAGER)
        return found.process_resource(bucket(case)) is not None

    return check


def encrypted(case: Case) -> bool:
    """Does no-encryption-statement leave the bucket alone?"""
    return EncryptionEnabledFilter({"type": "no-encryption-statement"}, MANAGER).process_bucket(bucket(case)) is None


def cross_account(case: Case) -> bool:
    """Decide as the key's cross-account filter does, with the trusted accounts and organizations."""
    params = case.get("params", {})
    config = {
        "allowed_accounts": {case["own"], *params.get("inside", [])},
        "allowed_orgid": set(params.get("org", [])),
        "allowed_vpc": set(),
        "allowed_vpce": set(),
        "allowed_org_units": set(),
        "check_actions": (),
        "everyone_only": False,
        "whitelist_conditions": {"aws:userid", "aws:username"},
        "return_allowed": False,
        "whitelist_patterns": (),
    }
    return not KMSPolicyChecker(config).check(json.dumps(case["policy"]))


CHECKS = {
    "tls": {
        "has-statement, with Resource": has(GUARD | RESOURCE),
        "has-statement, without Resource": has(GUARD),
        "has-statement, partial match": has(GUARD | RESOURCE | PARTLY),
    },
    "sse": {"no-encryption-statement": encrypted},
    "kms-outside": {"cross-account": cross_account},
}


def main() -> None:
    """Answer each line with one line for each filter of its topic."""
    for line in sys.stdin:
        case = json.loads(line)
        for name, check in CHECKS.get(case["topic"], {}).items():
            try:
                verdict = "pass" if check(case) else "fail"
            except Exception as error:  # noqa: BLE001 - a crash is an answer
                verdict = f"crash: {type(error).__name__}"
            print(json.dumps({"id": case["id"], "check": name, "verdict": verdict}))


if __name__ == "__main__":
    main()
