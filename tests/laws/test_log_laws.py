"""The laws of reading logs: nothing raises, and what a caller writes never changes who, when, where and over what."""

import io
import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from laws.test_parsing_laws import JSON
from log_lines import CIPHER, HTTP, access, event
from s3_guardrails.errors import InputError
from s3_guardrails.logs.access_json import read_access_record
from s3_guardrails.logs.access_text import read_access_line
from s3_guardrails.logs.reading import read_log
from s3_guardrails.logs.seen import SeenRequest, Unread
from s3_guardrails.logs.trail import read_event

DAY = date(2026, 5, 31)
PIECES = st.sampled_from(
    [
        *(
            '"',
            " ",
            '" ',
            ' "',
            "-",
            '"-"',
            "- -",
            "200",
            "403",
            "AccessDenied",
            '" 200 - 1 1 1 1 ',
            '" 403 - 1 1 1 1 "',
        ),
        *(
            "SigV4",
            CIPHER,
            "AuthHeader",
            "TLSv1.2",
            "-",
            " - - - s3.amazonaws.com - - -",
            "[31/May/2026:23:59:59 +0000]",
        ),
        *('" "-" - h= SigV4 X1 AuthHeader h TLSv1.2 - -', '"-" "-" - h= - - - h - - -', "\x0b", "\x85", "\r", "\\"),
    ]
)
HOSTILE = st.one_of(st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=20), PIECES)
SENT = st.lists(HOSTILE, max_size=8).map("".join)
OUTCOMES = st.sampled_from(["200 - 113 113 7 6", "403 AccessDenied 243 - 7 -", "- - - - - -", "503 SlowDown 9 - 7 7"])
TRANSPORT = st.sampled_from([{}, HTTP, {"tls": "TLSV1.1"}, {**HTTP, "signature": "-", "authentication": "-"}])


WRITTEN = st.builds(
    lambda transport, **more: {**transport, **more},
    TRANSPORT,
    outcome=OUTCOMES,
    version=st.sampled_from(["-", "3HL4kqtJ"]),
    end=st.sampled_from(["- -", "- Yes eu-west-1"]),
)


@given(SENT, SENT, SENT, WRITTEN)
def test_a_caller_can_spoil_a_line_and_change_nothing_that_it_says(uri, referer, agent, written):
    """URI, referer and user agent are not escaped; a line is read as S3 wrote it, or not at all."""
    true = read_access_line(access(DAY, **written))
    assert isinstance(true, SeenRequest)
    sent = {"uri": f'"{uri}"', "referer": f'"{referer}"', "agent": f'"{agent}"'}
    found = read_access_line(access(DAY, **written, **sent))
    assert found == true or found == Unread(source=true.source, bucket=true.bucket, day=true.day)
    if not any('"' in each for each in (uri, referer, agent)):
        assert found == true


@given(st.one_of(st.text(), SENT))
def test_any_text_is_read_or_not_and_nothing_raises(text):
    assert isinstance(read_access_line(text), SeenRequest | Unread)
    assert isinstance(read_access_line(access(DAY) + text), SeenRequest | Unread)


@given(JSON, st.sampled_from(sorted(event(DAY))))
def test_any_json_is_an_event_and_a_record_or_not_and_nothing_raises(value, name):
    assert read_event(value) is None or isinstance(read_event(value), SeenRequest | Unread)
    assert isinstance(read_access_record(value), SeenRequest | Unread)
    damaged = read_event({**event(DAY), name: value})
    assert damaged is None or isinstance(damaged, SeenRequest | Unread)


@given(st.one_of(st.binary(), st.builds(lambda start, rest: start + rest, st.just(b'{"Records":['), st.binary())))
def test_any_bytes_are_a_log_or_torn_or_none(data):
    found = read_log(io.BytesIO(data))
    try:
        read = [] if found is None else [*found]
    except InputError as error:
        assert "CloudTrail" in str(error)  # noqa: PT017
    else:
        assert all(line is None or isinstance(line, SeenRequest | Unread) for _, line in read)


@given(st.lists(st.builds(lambda text: event(DAY, userAgent=text), st.text()), max_size=4), st.booleans())
def test_events_come_out_as_they_stand_in_the_file(events, ascii_only):
    text = json.dumps({"Records": events}, ensure_ascii=ascii_only)
    found = read_log(io.BytesIO(text.encode("utf-8", "surrogatepass")))
    assert [line for _, line in found] == [read_event(each) for each in events]
