"""The Lambda runtime client, driven by a Runtime API on loopback."""

import textwrap

import pytest

from s3_guardrails.embedded.runtime import Ending, LambdaRuntime

HANDLER = """
    import os, sys, time
    from datetime import datetime

    count = 0

    def lambda_handler(event, context):
        global count
        count += 1
        match event["do"]:
            case "tell":
                print("told")
                return {"count": count, "event": event, "region": os.environ.get("AWS_REGION")}
            case "environment":
                import s3_guardrails
                return sorted(name for name in os.environ if name.startswith("SECRET"))
            case "raise":
                raise KeyError("gone")
            case "answer badly":
                return {"at": datetime.now()}
            case "exit":
                os._exit(3)
            case "sleep":
                time.sleep(30)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "RULE.py").write_text(textwrap.dedent(HANDLER))
    return tmp_path


def test_a_warm_process_answers_event_after_event_even_after_errors(folder):
    with LambdaRuntime("RULE.lambda_handler", folder, {"AWS_REGION": "eu-west-1"}) as runtime:
        first = runtime.invoke({"do": "tell", "text": "ü"})
        failed = runtime.invoke({"do": "raise"})
        third = runtime.invoke({"do": "tell"})
    assert first.body == {"count": 1, "event": {"do": "tell", "text": "ü"}, "region": "eu-west-1"}
    assert (failed.ending, failed.succeeded, failed.body["errorType"]) == (Ending.ERROR, False, "KeyError")
    assert (third.succeeded, third.body["count"]) == (True, 3)
    assert third.log.count("told") == 2


def test_an_answer_that_is_not_json_fails_the_invocation(folder):
    with LambdaRuntime("RULE.lambda_handler", folder, {}) as runtime:
        invocation = runtime.invoke({"do": "answer badly"})
    assert (invocation.ending, invocation.body["errorType"]) == (Ending.ERROR, "Runtime.MarshalError")


def test_the_process_sees_the_package_and_none_of_the_callers_secrets(folder, monkeypatch):
    monkeypatch.setenv("SECRET_OF_CALLER", "1")
    with LambdaRuntime("RULE.lambda_handler", folder, {"SECRET_GIVEN": "1"}) as runtime:
        assert runtime.invoke({"do": "environment"}).body == ["SECRET_GIVEN"]


def test_a_process_that_exits_ends_this_and_later_invocations(folder):
    with LambdaRuntime("RULE.lambda_handler", folder, {}) as runtime:
        assert runtime.invoke({"do": "exit"}).ending is Ending.EXITED
        assert runtime.invoke({"do": "tell"}).ending is Ending.EXITED


def test_a_module_that_cannot_be_imported_is_an_init_error(folder):
    with LambdaRuntime("MISSING.lambda_handler", folder, {}) as runtime:
        invocation = runtime.invoke({"do": "tell"})
    assert invocation.ending is Ending.INIT_ERROR
    assert "MISSING" in invocation.body["errorMessage"]


def test_an_invocation_beyond_its_time_is_a_timeout(folder):
    with LambdaRuntime("RULE.lambda_handler", folder, {}, timeout=1) as runtime:
        assert runtime.invoke({"do": "sleep"}).ending is Ending.TIMEOUT
