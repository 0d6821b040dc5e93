"""AWS Config's recorder: is it there, is it on, does it note what the rules wait for, and at once?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.preflight.facts import Frequency, LastStatus, Recorder, RecorderStatus, RegionFacts
from s3_guardrails.preflight.finding import Finding, advises, blocks, fine, unreadable

_SET_UP: Final = "set up AWS Config in {}, one recorder per account and Region; this project never creates one"
_RECORD: Final = "let the recorder `{}` record {}"


def judge_recorder(facts: RegionFacts, types: Sequence[str]) -> Iterator[Finding]:
    """Judge the recorder for rules about these resource types."""
    match facts.recorder:
        case Unreadable():
            yield unreadable(facts.recorder)
        case Absent():
            sentence = "AWS Config has no recorder, so the stack fails with NoAvailableConfigurationRecorderException"
            yield blocks("RECORDER_ABSENT", sentence, _SET_UP.format(facts.region))
        case Recorder():
            yield _on(facts.recorder, facts.recorder_status)
            yield from _types(facts.recorder, types)
            yield from _frequency(facts.recorder, types)


def _on(recorder: Recorder, status: RecorderStatus | Unreadable) -> Finding:
    if isinstance(status, Unreadable):
        return unreadable(status)
    name = recorder.name
    if not status.recording:
        return blocks("RECORDER_STOPPED", f"the recorder `{name}` is stopped: no change is noticed", "start it")
    match status.last:
        case LastStatus.FAILURE:
            sentence = f"the recorder `{name}` is on, but its last recording failed: {status.error}"
            return blocks("RECORDER_FAILING", sentence, "mend its role or its delivery channel, as the error says")
        case LastStatus.PENDING | LastStatus.NEVER:
            sentence = f"the recorder `{name}` is on and has not recorded anything yet"
            return advises("RECORDER_PENDING", sentence, "run this again once a bucket or key was changed")
        case LastStatus.SUCCESS:
            return fine("RECORDER_ON", f"the recorder `{name}` is on, and its last recording succeeded")


def _types(recorder: Recorder, types: Sequence[str]) -> Iterator[Finding]:
    missing = [each for each in types if not recorder.records(each)]
    for each in missing:
        sentence = f"the recorder `{recorder.name}` does not record {each}, so its rules are never evaluated"
        yield blocks("TYPE_NOT_RECORDED", sentence, _RECORD.format(recorder.name, each))
    if not missing:
        yield fine("TYPES_RECORDED", f"recorded: {', '.join(types)}")


def _frequency(recorder: Recorder, types: Sequence[str]) -> Iterator[Finding]:
    recorded = [each for each in types if recorder.records(each)]
    daily = [each for each in recorded if recorder.frequency_of(each) is Frequency.DAILY]
    for each in daily:
        sentence = f"{each} is recorded once a day, so its verdicts come up to a day late"
        yield advises("RECORDED_DAILY", sentence, _RECORD.format(recorder.name, f"{each} continuously"))
    if recorded and not daily:
        yield fine("RECORDED_CONTINUOUSLY", f"recorded as they change: {', '.join(recorded)}")


def judge_delivery(facts: RegionFacts) -> Iterator[Finding]:
    """Judge the delivery channel: without one a recorder cannot be started."""
    channel, deliveries = facts.delivery_channel, facts.delivery_status
    if isinstance(channel, Unreadable):
        yield unreadable(channel)
    elif channel is ABSENT:
        sentence = "AWS Config has no delivery channel, so its recorder cannot be started"
        yield blocks("CHANNEL_ABSENT", sentence, _SET_UP.format(facts.region))
    elif isinstance(deliveries, Unreadable):
        yield unreadable(deliveries)
    else:
        failed = [each for each in deliveries if each.last is LastStatus.FAILURE]
        for each in failed:
            sentence = f"the last delivery of the {each.kind} by `{channel}` failed: {each.error}"
            yield advises("DELIVERY_FAILED", sentence, "mend the bucket's, topic's or key's policy, as the error says")
        if any(each.last is LastStatus.SUCCESS and each.kind != "stream" for each in deliveries):
            if not failed:
                yield fine("DELIVERY_SUCCEEDED", f"the last delivery by `{channel}` succeeded")
        elif not failed:
            sentence = f"the delivery channel `{channel}` has not delivered anything yet"
            yield advises("DELIVERY_PENDING", sentence, "run this again after a day")
