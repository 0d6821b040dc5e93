"""The template that service-managed StackSets take: no macro, no nested stack, code from a bucket in each Region.

StackSets refuse `Transform` (CloudFormation API Reference, CreateStackSet), and Lambda takes code from a bucket of the
function's own Region only (Lambda API Reference, FunctionCode).
"""

from __future__ import annotations

import json
from typing import Any, Final

import yaml
from boto3 import Session

from s3_guardrails.errors import InputError
from s3_guardrails.template.loading import load

MAX_BYTES: Final = 1_000_000
"""A template that CloudFormation reads from a URL."""
PREFIX: Final = "ArtifactBucketPrefix"
_PARAMETER: Final = {
    "Type": "String",
    "AllowedPattern": "[a-z0-9][a-z0-9-]{1,40}",
    "ConstraintDescription": "expected lower case letters, digits and hyphens",
    "Description": "The code is read from the bucket PREFIX-REGION, which the accounts of the organization may read.",
}


def render_stackset(template: bytes, code_key: str) -> str:
    """Return the SAM template expanded, its functions' code at `code_key`; raise InputError."""
    tree = load(template).tree
    tree["Globals"]["Function"]["CodeUri"] = {"Bucket": "replaced", "Key": code_key}
    tree["Parameters"][PREFIX] = dict(_PARAMETER)
    expanded = _expanded(tree)
    for each in expanded["Resources"].values():
        if each["Type"] == "AWS::Lambda::Function":
            each["Properties"]["Code"]["S3Bucket"] = {"Fn::Sub": f"${{{PREFIX}}}-${{AWS::Region}}"}
    text = yaml.safe_dump(json.loads(json.dumps(expanded)), sort_keys=False, width=120)
    if (size := len(text.encode())) > MAX_BYTES:
        raise InputError(f"stackset.yaml: expected at most {MAX_BYTES} bytes, found {size}")
    return text


def _expanded(tree: Any) -> Any:
    try:
        from samtranslator.parser.parser import Parser  # noqa: PLC0415  # only this needs it
        from samtranslator.translator.translator import Translator  # noqa: PLC0415
    except ImportError:
        raise InputError("aws-sam-translator is not installed; install what requirements.txt lists") from None
    return Translator({}, Parser(), boto_session=Session(region_name="us-east-1")).translate(tree, {})
