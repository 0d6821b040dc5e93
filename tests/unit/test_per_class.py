"""Parameters with a value for every data class and others for some."""

import pytest

from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.per_class import per_class
from s3_guardrails.encryption.rotation import days
from s3_guardrails.errors import ParameterError

ARN = "arn:aws:kms:eu-west-1:111122223333:key/k-1"

READ = {
    "": (365, {}),
    "180": (180, {}),
    "180;restricted=90": (180, {"restricted": 90}),
    "restricted=90": (365, {"restricted": 90}),
    " restricted = 90 ; 180 ; ": (180, {"restricted": 90}),
}

REFUSED = {
    "180;90": "expected one value without a class, found `90` as well",
    "a=90;a=91": "data class `a` is listed twice",
    "a=": "expected `class=value`, found `a=`",
    "a=soon": "class `a`: expected a number of days from 90 to 2560, found `soon`",
    "soon": "expected a number of days from 90 to 2560, found `soon`",
}


@pytest.mark.parametrize("text", READ)
def test_each_class_has_its_value_or_the_default(text):
    found = per_class("MaximumDays", days, "365")(text)
    assert (found.default, dict(found.by_class)) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_value_is_refused(text):
    with pytest.raises(ParameterError) as refused:
        per_class("MaximumDays", days, "365")(text)
    assert REFUSED[text] in str(refused.value)


def test_a_tag_that_stands_for_keys_is_no_class():
    found = per_class("ApprovedKeys", ApprovedKeys.parse)(f"tag:use=data,{ARN};restricted=alias/one,tag:a=b")
    assert found.of("public") == ApprovedKeys(arns=(ARN,), references=("tag:use=data",))
    assert found.of("restricted") == ApprovedKeys(references=("alias/one", "tag:a=b"))
