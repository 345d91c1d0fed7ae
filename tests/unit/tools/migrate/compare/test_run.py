"""One run: twice where that is safe, one side at a time, no faster than allowed, and not without an end."""

import itertools

from berth.comparison.answers import response_documents
from berth.comparison.comparer import Comparer
from berth.comparison.exchange import NotAnswered, SentRequest
from berth.comparison.masks import Side, Window
from berth.model.http import HttpResponse
from berth.tools.migrate.compare.figures import Figures, read_figures, write_ratios
from berth.tools.migrate.compare.inputs.samples import Sample
from berth.tools.migrate.compare.run import Pace, Run
from berth.tools.migrate.compare.sides import Answer
from kit.tables import for_each

NOW = 1_700_000_000.0


class FakeSide:
    """Answers by a function of the number of the question."""

    def __init__(self, name, answer, asked, is_remote=True):
        self.name, self.is_remote = name, is_remote
        self._answer, self._asked = answer, asked
        self._numbers = itertools.count(1)

    def ask(self, request):
        self._asked.append((self.name, request.method, request.target))
        body = self._answer(next(self._numbers))
        if isinstance(body, Exception):
            raise body
        return Answer(HttpResponse(200, [], body.encode()), Figures(1.0))


class FakeTime:
    """A clock that only `sleep` moves."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


def _run(left, right, asked, repeats=False, rate=1000.0, time=None, is_remote=True):
    time = time or FakeTime()
    return Run(
        FakeSide("left", left, asked, is_remote),
        FakeSide("right", right, asked, is_remote),
        Comparer(Side(), Side(), Window(NOW, NOW)),
        response_documents,
        Pace(rate, time, time.sleep),
        lambda: NOW,
        repeats,
    )


def _samples(*methods):
    requests = [SentRequest(method, "/x") for method in methods]
    return [(Sample("place", request=each), each) for each in requests]


def _same(number):
    return '{"a": 1}'


def test_get_and_head_run_twice_and_berth_is_asked_first():
    asked = []
    (outcome,) = _run(_same, _same, asked).compare_all(_samples("GET"))
    assert [name for name, _, _ in asked] == ["right", "right", "left", "left"]
    assert outcome.verdict == "equal"


@for_each(
    "method, repeats, times",
    [
        ("HEAD", False, 2),
        ("OPTIONS", False, 1),
        ("POST", False, 1),
        ("POST", True, 2),
        ("DELETE", False, 1),
    ],
)
def test_other_methods_run_once_unless_asked_for(method, repeats, times):
    asked = []
    list(_run(_same, _same, asked, repeats).compare_all(_samples(method)))
    assert [name for name, _, _ in asked] == ["right"] * times + ["left"] * times


def test_what_differs_between_two_runs_of_one_side_is_noise():
    (outcome,) = _run(lambda number: f'{{"n": {number}, "a": 1}}', _same_with_n, []).compare_all(
        _samples("GET")
    )
    assert (outcome.verdict, outcome.comparison.noise) == ("equal after normalisation", ("body.n",))


def _same_with_n(number):
    return '{"n": 77, "a": 1}'


def test_noise_of_one_path_hides_no_other():
    (outcome,) = _run(
        lambda number: f'{{"n": {number}, "a": 1}}', lambda _: '{"n": 5, "a": 2}', []
    ).compare_all(_samples("GET"))
    assert [each.place for each in outcome.comparison.differences] == ["body.a"]


def test_side_that_does_not_answer_makes_a_sample_incomparable():
    outcomes = list(_run(lambda _: NotAnswered("down"), _same, []).compare_all(_samples("GET", "GET")))
    assert [(each.verdict, each.reason) for each in outcomes] == [("not comparable", "down")] * 2


def test_run_stops_after_ten_failures_in_a_row():
    asked = []
    run = _run(lambda _: NotAnswered("down"), _same, asked)
    outcomes = list(run.compare_all(_samples(*["POST"] * 30)))
    assert (len(outcomes), run.is_stopped) == (10, True)
    assert len(asked) == 20


def test_failures_that_are_not_in_a_row_do_not_stop_it():
    run = _run(lambda number: NotAnswered("down") if number % 5 else _same(number), _same, [])
    assert len(list(run.compare_all(_samples(*["POST"] * 30)))) == 30
    assert not run.is_stopped


def test_remote_sides_are_asked_no_faster_than_allowed():
    time = FakeTime()
    list(_run(_same, _same, [], rate=5.0, time=time).compare_all(_samples("GET", "GET")))
    assert (
        time.slept == [0.2] * 4
    )  # each side waits between its own questions, while the other one is asked, too


def test_sides_on_this_machine_do_not_wait():
    time = FakeTime()
    list(_run(_same, _same, [], rate=5.0, time=time, is_remote=False).compare_all(_samples("GET", "GET")))
    assert time.slept == []


TAIL = (
    b"START\nREPORT RequestId: 1\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB"
    b"\tMax Memory Used: 40 MB\tInit Duration: 100.00 ms\t\n"
)
JSON_TAIL = (
    b'{"type": "platform.report", "record": {"metrics": {"durationMs": 12.5, "billedDurationMs": 13,'
    b' "maxMemoryUsedMB": 40, "initDurationMs": 100}}}\n'
)


@for_each("tail", [TAIL, JSON_TAIL])
def test_figures_are_those_of_the_report(tail):
    assert read_figures(tail, 9.0) == Figures(12.5, 13.0, 40.0, True)


@for_each("tail", [b"", b"no report", b'{"type": "platform.report"}', b'"platform.report"'])
def test_time_that_it_took_counts_without_a_report(tail):
    assert read_figures(tail, 0.5) == Figures(500.0)


def test_figures_are_told_as_ratios():
    pairs = [(Figures(10.0, 10.0, 100.0, True), Figures(5.0, 20.0, 50.0)), (Figures(10.0), Figures(20.0))]
    assert write_ratios(pairs, "lambda", "berth") == [
        "duration, berth to lambda: 1.25 (median of 2)",
        "billed duration, berth to lambda: 2.00 (median of 1)",
        "memory, berth to lambda: 0.50 (median of 1)",
        "cold starts: lambda 1 of 2, berth 0 of 2",
    ]
    assert write_ratios([], "lambda", "berth") == []
