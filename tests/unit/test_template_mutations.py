"""Files that went wrong anywhere are read or refused, never a crash; and no order of entries matters."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from template_trees import get, paths, put

from s3_guardrails.cli.judged import Asking, judge
from s3_guardrails.errors import GuardrailError
from s3_guardrails.template.found import Options
from s3_guardrails.template.loading import load
from s3_guardrails.template.reading import read_file

FOLDER = Path(__file__).parents[1] / "cases" / "templates"
TREES = {path.name: load(path.read_bytes()).tree for path in sorted(FOLDER.iterdir()) if path.name != "expected.json"}
WRONG = [
    *(None, True, 0, -1, 1.5, "", "x", "${", "${X}", "{{resolve:", "arn:aws:s3:::*", [], {}, [[]]),
    *({"Ref": "Nope"}, {"Ref": None}, {"Ref": "AWS::NoValue"}, {"Fn::Sub": "${A.B}${"}, {"Fn::GetAtt": [1, 2]}),
    *({"Fn::If": ["C", 1]}, {"Fn::Join": ["", {"Ref": "Open"}]}, {"Fn::Select": ["x", []]}, {"Fn::Split": ["", "x"]}),
    *({"Fn::FindInMap": [[], {}, None]}, {"Fn::Transform": []}, {"Condition": "X"}, {"Fn::Equals": []}),
    {"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-x"}},
]
TOPICS = {"tls": {}, "uploads": {"modes": ["aws:kms"]}, "kms-outside": {}, "kms-both": {}, "kms-lockout": {}}


def answers(tree, topic):
    """Place → verdict, or the error, of every policy that the topic is about."""
    asking = Asking(topic=topic, params=TOPICS[topic], since=0.0, partition="aws")
    found = {}
    try:
        for each in read_file(json.dumps(tree).encode(), Options()).policies:
            if asking.fits(each):
                try:
                    judged = judge(each, asking)
                    found[each.place] = judged and judged.answered.verdict
                except GuardrailError as error:
                    found[each.place] = str(error)
    except GuardrailError as error:
        return str(error)
    return found


@given(data=st.data())
def test_a_file_that_went_wrong_somewhere_is_read_or_refused(data):
    tree = TREES[data.draw(st.sampled_from(list(TREES)))]
    for _ in range(data.draw(st.integers(1, 4))):
        places = list(paths(tree))
        value = data.draw(st.one_of(st.sampled_from(WRONG), st.builds(get, st.just(tree), st.sampled_from(places))))
        tree = put(tree, data.draw(st.sampled_from(places)), value)
    answers(tree, data.draw(st.sampled_from(list(TOPICS))))


def turned(node):
    if isinstance(node, dict):
        return {name: turned(each) for name, each in reversed(node.items())}
    return [turned(each) for each in node] if isinstance(node, list) else node


@pytest.mark.parametrize("file", TREES)
@pytest.mark.parametrize("topic", TOPICS)
def test_the_order_of_entries_does_not_matter(file, topic):
    assert answers(turned(TREES[file]), topic) == answers(TREES[file], topic)
