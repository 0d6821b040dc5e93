"""Streams of logs and what they come to: one bucket apart from another, and days, lines and files that lack."""

import io
import json
from datetime import date, timedelta

import pytest

from log_lines import HTTP, USER, access, access_json, event, records
from s3_guardrails.errors import InputError
from s3_guardrails.logs.book import Kind, LogBook
from s3_guardrails.logs.reading import LONGEST, read_log
from s3_guardrails.logs.seen import Upload

TODAY = date(2026, 6, 1)
DAYS = [TODAY - timedelta(days=each) for each in range(1, 31)]


def read(text, book=None):
    book = book or LogBook(TODAY)
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    for source, line in read_log(io.BytesIO(data)):
        book.add(source, line)
    return book


def lines(*several):
    return "".join(each + "\n" for each in several)


def access_gaps(book, bucket="ledger"):
    return list(book.gaps(book.access, bucket))


def test_complete_logs_have_no_gaps_and_name_who_was_let_through():
    book = read(lines(*(access(day) for day in DAYS), access(DAYS[3], **HTTP), access(DAYS[2], **HTTP)))
    assert access_gaps(book) == []
    seen = book.access.told("ledger").seen
    assert {kind: (times.count, times.last) for kind, times in seen.items()} == {
        Kind(USER, False, "1.2", None): (30, DAYS[0]),
        Kind(USER, True, None, None): (2, DAYS[2]),
    }


def test_the_json_form_comes_to_the_same():
    book = read(lines(*(json.dumps(access_json(day)) for day in DAYS)))
    assert access_gaps(book) == []


def test_who_was_refused_covers_the_day_and_is_not_named():
    book = read(lines(*(access(day, **HTTP, outcome="403 AccessDenied 9 - 7 -") for day in DAYS)))
    assert (access_gaps(book), book.access.told("ledger").seen) == ([], {})


@pytest.mark.parametrize(
    ("left", "gap"),
    [
        (DAYS[1:], "server access logs show no request on 1 of 30 days (2026-05-31)"),
        (DAYS[:-1], "server access logs show no request on 1 of 30 days (2026-05-02)"),
        ([], "server access logs show no request on 30 of 30 days (2026-05-02 to 2026-05-31)"),
        (
            [*DAYS[:3], *DAYS[4:10], *DAYS[13:]],
            "server access logs show no request on 4 of 30 days (2026-05-19 to 2026-05-21, 2026-05-28)",
        ),
    ],
)
def test_days_without_a_request_are_told(left, gap):
    other = lines(*(access(day, bucket="other") for day in DAYS))
    assert access_gaps(read(lines(*(access(day) for day in [*left, TODAY])) + other)) == [gap]


def test_what_is_older_than_the_window_does_not_count():
    old = TODAY - timedelta(days=31)
    book = read(lines(access(old, **HTTP), access(old, cipher="-")))
    assert (book.access.buckets, book.access.found) == ({}, True)


def test_lines_that_were_not_read_are_of_their_bucket_where_they_tell_it():
    complete = lines(*(access(day, bucket=name) for day in DAYS for name in ("ledger", "other")))
    book = read(complete + access(DAYS[0], cipher="-") + "\n")
    assert access_gaps(book) == ["1 of their lines about the bucket could not be read for certain"]
    assert access_gaps(book, "other") == []
    book = read(complete + "rubbish\n\n{}\n{\n" + "{" * 9000 + "\n")
    told = "4 of their lines could not be read, and tell no bucket"
    assert access_gaps(book) == access_gaps(book, "other") == [told]


def test_a_line_that_is_too_long_is_not_read_and_the_next_one_is():
    book = read(access(DAYS[1]) + "\n" + access(DAYS[0], agent=f'"{"x" * LONGEST * 2}"') + "\n" + access(DAYS[2]))
    assert (book.access.unread, book.access.told("ledger").days) == (1, {DAYS[1], DAYS[2]})


def test_bytes_that_end_lines_elsewhere_end_none_here():
    agent = '"' + "".join(map(chr, (0, 11, 12, 13, 28, 29, 30, 133, 160))) + f'\n {access(DAYS[0], bucket="other")}"'
    line = access(DAYS[0], agent=agent.replace("\n", "\r"), **HTTP)
    book = read(line.encode("latin-1") + b"\xff\n")
    assert list(book.access.buckets) == ["ledger"]


@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 12])
def test_events_are_read_one_at_a_time_from_a_line_of_any_length(chunk, monkeypatch):
    monkeypatch.setattr("s3_guardrails.logs.reading.LONGEST", 1 << 16)
    monkeypatch.setattr("s3_guardrails.logs.reading._CHUNK", max(chunk, 64))
    text = records(*(event(day, headers={"x": "\u20ac]}" * chunk}) for day in DAYS)).replace("}, {", "} ,\n {")
    book = read(text)
    assert list(book.gaps(book.trail, "ledger")) == []
    assert [each.count for each in book.trail.told("ledger").seen.values()] == [30]


def test_a_trail_of_reads_alone_covers_no_day():
    book = read(records(*(event(day, "GetObject") for day in DAYS)))
    told = "CloudTrail data events show no write on 30 of 30 days (2026-05-02 to 2026-05-31)"
    assert list(book.gaps(book.trail, "ledger")) == [told]
    assert next(iter(book.gaps(book.access, "ledger"))).startswith("server access logs show no request on 30 of 30")


def test_uploads_are_told_apart_by_what_they_asked_for():
    mode = {"x-amz-server-side-encryption": "AES256"}
    book = read(records(event(DAYS[0]), event(DAYS[1], headers=mode), event(DAYS[2], headers=mode)))
    assert {kind.upload: times.count for kind, times in book.trail.told("ledger").seen.items()} == {
        Upload(): 1,
        Upload(mode="AES256"): 2,
    }


@pytest.mark.parametrize("cut", [2, 30, 300])
def test_a_trail_that_ends_early_is_an_error(cut):
    with pytest.raises(InputError, match="ends early"):
        read(records(event(DAYS[0]))[:-cut])


@pytest.mark.parametrize("text", ["# Read me\n", "{}\n", '{"digestStartTime": 1}', "PAR1\x15", '{"Records": 1}', "[]"])
def test_what_is_no_log_is_not_taken_for_one(text):
    assert read_log(io.BytesIO(text.encode())) is None


@pytest.mark.parametrize("text", ["", "\n\n", '{"Records": []}'])
def test_an_empty_log_says_nothing(text):
    book = read(text)
    assert (book.access.buckets, book.trail.buckets, book.access.unread) == ({}, {}, 0)


def test_files_that_are_no_logs_are_told():
    book = read(lines(*map(access, DAYS)))
    book.strange += ["a", "b"]
    assert access_gaps(book) == ["2 of the files are no logs, such as a"]
