"""A law of the guardrails file: what the rules read from the rendered parameters is what the file says."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.mode import NAMES
from s3_guardrails.encryption.upload_policy import UploadPolicy
from s3_guardrails.settings.guardrails import guardrails_of
from s3_guardrails.settings.parameters import rule_parameters
from s3_guardrails.settings.strict_yaml import read_yaml

RULES = [entry.rule for entry in find_rules()]
ACCOUNTS = st.sampled_from(["012345670123", "111122223333"])
CLASS_NAMES = st.from_regex(
    r"[A-Za-z0-9_./@+-]([A-Za-z0-9 _./@+-]{0,6}[A-Za-z0-9_./@+-])?", fullmatch=True
) | st.sampled_from(["true", "default", "1.2", "365", "explicit-deny", "111122223333", "alias/x", "SSE-S3", "a b"])
TAG = st.from_regex(r"tag:[a-z_.:/+@-]{1,4}=([a-z=:/]{1,3}( [a-z=]{1,2})?)?", fullmatch=True)
KEYS = st.one_of(
    ACCOUNTS,
    TAG,
    st.just("alias/some/key"),
    st.builds("arn:aws:kms:eu-west-1:{}:key/{}".format, ACCOUNTS, st.sampled_from(["k", "mrk-1"])),
)
TLS = st.sampled_from(["1.0", "1.1", "1.2", "1.3"])
LISTS = st.lists(KEYS, min_size=1, max_size=3, unique=True)
CLASS = st.fixed_dictionaries(
    {"accepts": st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=3, unique=True)},
    optional={
        "approved-keys": LISTS,
        "bucket-key": st.sampled_from(["required", "optional"]),
        "uploads": st.sampled_from([each.value for each in UploadPolicy]),
        "minimum-tls": TLS,
        "rotation-days": st.integers(90, 2560),
    },
)
FILES = st.fixed_dictionaries(
    {"version": st.just(1), "classes": st.dictionaries(CLASS_NAMES, CLASS, min_size=1, max_size=3)},
    optional={
        "data-class-tag": st.sampled_from(["data-class", "a:b=c", "Class of data"]),
        "defaults": st.fixed_dictionaries(
            {}, optional={"approved-keys": LISTS, "minimum-tls": TLS, "rotation-days": st.integers(90, 2560)}
        ),
    },
)


def read(tree):
    """Render a file, and let every rule read its own."""
    rendered = rule_parameters(guardrails_of(read_yaml(json.dumps(tree).encode())), RULES)
    return {rule.__name__: rule.Parameters.from_config(rendered[rule.__name__]) for rule in RULES}


def told(tree, name, place, otherwise):
    """Return what the file says for a class; None: for what has no class, or one that it does not know."""
    return tree["classes"].get(name, {}).get(place, tree.get("defaults", {}).get(place, otherwise))


def versions(each):
    return None if each is None else str(each)


@settings(max_examples=200, deadline=None)
@given(FILES)
def test_every_class_is_read_as_the_file_says(tree):
    found = read(tree)
    encryption, uploads = found["S3_BUCKET_DEFAULT_ENCRYPTION"], found["S3_BUCKET_UPLOADS_ENCRYPTED"]
    tls, rotation = found["S3_BUCKET_TLS_ONLY"], found["KMS_KEY_ROTATION"]
    assert set(encryption.accepted_modes.by_class) == set(tree["classes"])
    assert encryption.data_class_tag == tree.get("data-class-tag", "data-class")
    assert set(encryption.bucket_key_required) == {
        name for name, each in tree["classes"].items() if each.get("bucket-key") == "required"
    }
    for name in (*tree["classes"], None, "no class of the file"):
        keys = told(tree, name, "approved-keys", [])
        assert encryption.approved_keys.of(name) == ApprovedKeys.parse(",".join(keys))
        assert set(_listed(encryption.approved_keys.of(name))) == set(keys)
        assert versions(tls.minimum_tls_version.of(name)) == told(tree, name, "minimum-tls", None)
        assert rotation.maximum_days.of(name) == told(tree, name, "rotation-days", 365)
        assert uploads.upload_policy.of(name) == tree["classes"].get(name, {}).get("uploads", "outcome")
    for name, each in tree["classes"].items():
        assert encryption.accepted_modes.of(name) == frozenset().union(*(NAMES[mode] for mode in each["accepts"]))


def _listed(keys):
    return (*keys.arns, *keys.accounts, *keys.references)
