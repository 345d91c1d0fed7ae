"""How problems of manifests and settings are collected."""

import pytest

from berth.errors import ManifestError, Problem, Report


def test_report_without_problems_raises_nothing():
    Report().raise_if_any()


def test_report_raises_all_of_its_problems_sorted():
    report = Report()
    report.add("b.json", "timeout", "is too long")
    report.add("a.json", "", "cannot be read")
    with pytest.raises(ManifestError) as refused:
        report.raise_if_any()
    assert refused.value.problems == (
        Problem("a.json", "", "cannot be read"),
        Problem("b.json", "timeout", "is too long"),
    )


def test_place_names_its_file_and_its_key():
    report = Report()
    route = report.at("a.json").at("routes[0]")
    route.add("path", "must begin with /")
    route.add("", "is already claimed")
    route.at("requestModels").add("text/plain", "is no JSON Schema")
    report.at("b.json").add("", "cannot be read")
    assert report.problems == [
        Problem("a.json", "routes[0].path", "must begin with /"),
        Problem("a.json", "routes[0]", "is already claimed"),
        Problem("a.json", "routes[0].requestModels.text/plain", "is no JSON Schema"),
        Problem("b.json", "", "cannot be read"),
    ]
