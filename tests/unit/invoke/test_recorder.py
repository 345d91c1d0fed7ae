"""The recorder: sampled, redacted, bounded, and never in the way of an answer."""

import json
import logging
import re
import stat
import threading
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from berth.invoke.aws_client import AwsClients
from berth.invoke.recorder import FolderStore, RecordedInvoker, Recorder, S3Store, create_recorder
from berth.model.comparison import Recording
from berth.model.invocation import Invocation, InvocationResult
from berth.testing.fakes import FakeEnvironment
from berth.testing.values import make_function
from kit.aws_server import REGION

EVENT = {"headers": {"Authorization": "Bearer hunter2"}, "body": "hello"}


class OneEnvironment:
    """Lends an environment that echoes."""

    def environment(self, function, *, is_event=False):
        return nullcontext(FakeEnvironment(function))


def _invocation(event=EVENT, name="orders"):
    return Invocation(make_function(name), json.dumps(event).encode(), "id")


def _lines(folder):
    return [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()
    ]


def _record(folder, *offered, **recording):
    recorder = create_recorder(Recording(str(folder), **{"sample_rate": 1.0} | recording), "us-east-1")
    for invocation, result in offered:
        recorder.offer(invocation, result)
    recorder.close()
    return recorder


def test_event_and_result_are_written_without_secrets(tmp_path):
    result = InvocationResult(b'{"statusCode": 200, "headers": {"Set-Cookie": "s=hunter2; Path=/"}}')
    _record(tmp_path / "new" / "folder", (_invocation(), result))
    (line,) = _lines(tmp_path / "new" / "folder")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("event")["body"] == "hello"
    assert line.pop("result")["headers"]["Set-Cookie"].startswith("s=redacted-")
    assert line == {"berthRecording": 1, "function": "orders"}
    assert "hunter2" not in "".join(file.read_text() for file in (tmp_path / "new" / "folder").iterdir())


def test_function_error_is_recorded_and_what_is_not_json_is_text(tmp_path):
    _record(tmp_path, (_invocation(), InvocationResult(b"\xff", "Unhandled")))
    (line,) = _lines(tmp_path)
    assert (line["functionError"], line["result"]) == ("Unhandled", "\\xff")


def test_equal_secrets_of_two_lines_stay_equal(tmp_path):
    _record(tmp_path, *[(_invocation(), InvocationResult(b"null"))] * 2)
    one, other = _lines(tmp_path)
    assert one["event"] == other["event"]


def test_nobody_else_can_read_the_files(tmp_path):
    _record(tmp_path / "new", (_invocation(), InvocationResult(b"null")))
    (file,) = (tmp_path / "new").iterdir()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)


def test_share_of_invocations_is_recorded(tmp_path):
    _record(tmp_path, *[(_invocation(), InvocationResult(b"null"))] * 200, sample_rate=0.3)
    assert 20 < len(_lines(tmp_path)) < 120


def test_functions_are_chosen_by_patterns(tmp_path):
    offered = [
        (_invocation(name=name), InvocationResult(b"null")) for name in ("orders", "report-a", "other")
    ]
    _record(tmp_path, *offered, functions=("orders", "report-*"))
    assert [line["function"] for line in _lines(tmp_path)] == ["orders", "report-a"]


def test_large_invocations_are_counted_and_not_recorded(tmp_path, caplog):
    recorder = _record(tmp_path, (_invocation("x" * 2_000_000), InvocationResult(b"null")))
    assert (_lines(tmp_path), recorder.dropped) == ([], 1)
    assert "record: 0 invocations were recorded, 1 were dropped" in caplog.text


def test_recording_has_an_end(tmp_path, caplog):
    large = _invocation("x" * 700_000), InvocationResult(b"null")
    recorder = _record(tmp_path, *[large] * 3, most_megabytes=1)
    assert (len(_lines(tmp_path)), recorder.dropped) == (1, 2)
    assert caplog.text.count("mostMegabytes is reached") == 1


def test_folder_that_cannot_be_written_is_told_once(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    recorder = _record(tmp_path / "file" / "x", *[(_invocation(), InvocationResult(b"null"))] * 3)
    assert recorder.dropped == 3
    assert caplog.text.count("record: not written to") == 1


def test_answer_waits_for_no_writer(tmp_path):
    begun, may_go_on = threading.Event(), threading.Event()

    class SlowStore(FolderStore):
        def write(self, line):
            begun.set()
            assert may_go_on.wait(10)
            super().write(line)

    recorder = Recorder(Recording(str(tmp_path), 1.0), SlowStore(tmp_path))
    invoker = RecordedInvoker(OneEnvironment(), recorder)
    assert invoker.invoke(_invocation("hello")).payload == b'"hello"'
    assert begun.wait(10)
    for _ in range(400):
        assert invoker.invoke(_invocation("hello")).payload == b'"hello"'
    may_go_on.set()
    recorder.close()
    assert len(_lines(tmp_path)) + recorder.dropped == 401
    assert recorder.dropped >= 400 - 256


def test_files_are_of_one_day(tmp_path):
    now = [datetime(2026, 7, 10, 23, 59, tzinfo=UTC).timestamp()]
    store = FolderStore(tmp_path, lambda: now[0])
    store.write(b"a\n")
    now[0] += 120
    store.write(b"b\n")
    store.write(b"c\n")
    assert [(each.name[:10], each.read_bytes()) for each in sorted(tmp_path.iterdir())] == [
        ("2026-07-10", b"a\n"),
        ("2026-07-11", b"b\nc\n"),
    ]


def test_s3_gets_an_object_for_each_minute_and_the_rest_at_the_end(aws):
    client = aws.clients.client("s3")
    bucket = aws.create_bucket()
    now = [datetime(2026, 7, 10, tzinfo=UTC).timestamp()]
    store = S3Store(f"s3://{bucket}/orders/", AwsClients(REGION), lambda: now[0])
    store.write(b"a\n")
    store.write(b"b\n")
    store.flush(is_end=False)
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)
    now[0] += 60
    store.flush(is_end=False)
    store.write(b"c\n")
    store.flush(is_end=True)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(re.fullmatch(r"orders/2026/07/10/[0-9a-f]{32}\.jsonl", key) for key in keys)
    bodies = sorted(client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    assert bodies == [b"a\nb\n", b"c\n"]


def test_bucket_that_is_not_there_loses_lines_and_says_so(aws, caplog):
    recording = Recording(f"s3://no-such-{aws.prefix}", 1.0)
    recorder = create_recorder(recording, "us-east-1")
    for _ in range(3):
        recorder.offer(_invocation(), InvocationResult(b"null"))
    recorder.close()
    assert recorder.dropped == 3
    assert "NoSuchBucket" in caplog.text


def test_closing_twice_is_closing_once(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    recorder = _record(tmp_path, (_invocation("x" * 2_000_000), InvocationResult(b"null")))
    recorder.close()
    assert caplog.text.count("were dropped") == 1


def test_recording_in_s3_has_no_folder():
    recording = Recording("s3://bucket/prefix", 1.0)
    assert recording.folder is None
    assert replace(recording, to="/a/b").folder is not None


@pytest.mark.parametrize("wrong", [b"", b"not json"])
def test_event_that_is_not_json_is_recorded_as_it_is(tmp_path, wrong):
    _record(tmp_path, (Invocation(make_function(), wrong, "id"), InvocationResult(b"null")))
    assert _lines(tmp_path)[0]["event"] == (wrong.decode() or None)
