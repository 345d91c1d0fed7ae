"""Ratios of a comparison, and the picture of it."""

from xml.etree import ElementTree

from kit.benchmarks import Comparison, Results, Round, Start, svg

_SVG = "{http://www.w3.org/2000/svg}"


def test_ratios_are_of_the_same_round():
    comparison = _comparison(p2=[100.0, 200.0, 400.0], process=[150.0, 400.0, 400.0])
    ratios = comparison.ratios("process", lambda each: each.cpu_us)
    assert str(ratios) == "1.50 (1.00..2.00)"


def test_a_server_that_left_early_is_compared_in_its_own_rounds():
    comparison = _comparison(p2=[100.0, 100.0], process=[300.0])
    assert str(comparison.ratios("process", lambda each: each.cpu_us)) == "3.00 (3.00..3.00)"


def test_there_are_no_ratios_without_the_reference():
    assert _comparison(process=[150.0]).ratios("process", lambda each: each.cpu_us) is None


def test_a_round_knows_its_rate():
    assert _round(100.0).rate == 500.0


def test_the_picture_has_two_bars_for_each_server():
    picture = ElementTree.fromstring(svg(_comparison(p2=[100.0, 200.0], process=[150.0, 300.0])))
    background, *bars = picture.iter(f"{_SVG}rect")
    assert background.get("width") == picture.get("width")
    assert [float(bar.get("width", "")) for bar in bars] == [150.0, 225.0, 300.0, 300.0]
    texts = [each.text for each in picture.iter(f"{_SVG}text")]
    assert "225 (1.50)" in texts
    assert texts.count("the server <process>") == 1


def test_the_picture_leaves_out_who_has_no_rounds():
    picture = ElementTree.fromstring(svg(_comparison(process=[150.0], inline=[])))
    assert "the server <inline>" not in [each.text for each in picture.iter(f"{_SVG}text")]


def _comparison(**cpu):
    results = {
        name: Results(f"the server <{name}>", [Start(300.0, 40.0)], [_round(each) for each in rounds])
        for name, rounds in cpu.items()
    }
    return Comparison("hello", "GET /hello", 8, "as they come", "p2", [*cpu], results)


def _round(cpu_us):
    return Round(requests=1000, seconds=2.0, p50_ms=1.0, p99_ms=5.0, cpu_us=cpu_us)
