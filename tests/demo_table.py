"""The table of the demo's verdicts, worked out by hand: rule and resource → verdict, codes, `+` advisories."""

import json
from pathlib import Path

TABLE = json.loads((Path(__file__).parent / "cases" / "demo_verdicts.json").read_text(encoding="utf-8"))
COLUMNS = {
    "default": "S3_BUCKET_DEFAULT_ENCRYPTION",
    "uploads": "S3_BUCKET_UPLOADS_ENCRYPTED",
    "tls": "S3_BUCKET_TLS_ONLY",
    "logged": "S3_BUCKET_ACCESS_LOGGED",
    "inventory": "S3_BUCKET_INVENTORY_CONFIGURED",
    "usable": "KMS_KEY_USABLE",
    "shared": "S3_BUCKET_CROSS_ACCOUNT_KEY",
    "rotation": "KMS_KEY_ROTATION",
    "policy": "KMS_KEY_POLICY_LEAST_PRIVILEGE",
}


def rows():
    """Yield name and the whole row of every bucket and key."""
    for group in ("buckets", "keys"):
        for name, row in TABLE[group].items():
            yield name, {**TABLE["usually"][group], **row}


EXPECTED = {
    (COLUMNS[column], name): row[column]
    for name, row in rows()
    for column in COLUMNS.keys() & row.keys()
    if row[column] is not None
}
