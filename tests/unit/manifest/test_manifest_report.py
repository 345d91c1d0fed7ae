"""All problems of all manifests in one report."""

import pytest

from berth.errors import ManifestError, Problem

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"


def test_all_problems_of_all_manifests_arrive_in_one_error_sorted(problems_of):
    route = {"method": "GET", "path": "/"}
    files = {
        STAGE: {"functions": ["*", "nothing"]},
        MANIFEST: {
            "handler": "app.handler",
            "environment": {"URL": "${stageVariables.x}"},
            "routes": [route],
        },
        "functions/a.b/manifest.json": {"handler": "app.handler", "routes": [route]},
        "functions/other/manifest.json": {"timeout": 0, "zzz": 1},
        "functions/zoo/manifest.json": "[]",
    }
    claimed = "GET / is already claimed by 'a.b' (GET /)"
    missing = "'app.handler' needs the file functions/a.b/app.py, which does not exist"
    unnamed = "'a.b' is not a Lambda function name: 1 to 64 letters, digits, - or _"
    undefined = "${stageVariables.x}: the stage has no such stage variable"
    assert problems_of(files) == [
        Problem("functions/a.b", "", unnamed),
        Problem("functions/a.b/manifest.json", "handler", missing),
        Problem("functions/hello/manifest.json", "environment.URL", undefined),
        Problem("functions/hello/manifest.json", "routes[0]", claimed),
        Problem("functions/other/manifest.json", "handler", "is required"),
        Problem("functions/other/manifest.json", "timeout", "must be 1 second or more"),
        Problem("functions/other/manifest.json", "zzz", "unknown key"),
        Problem("functions/zoo/manifest.json", "", "must hold one JSON object"),
        Problem("manifests/dev.json", "functions[1]", "'nothing' matches no function"),
    ]


def test_a_bad_stage_hides_no_bad_function(problems_of):
    route = {"method": "GET", "path": "/"}
    files = {
        STAGE: {"timeout": 0},
        MANIFEST: {},
        "functions/a.b/app.py": "",
        "functions/a.b/manifest.json": {"handler": "app.handler", "routes": [route]},
        "functions/other/manifest.json": {"handler": "app.handler", "routes": [route]},
    }
    unnamed = "'a.b' is not a Lambda function name: 1 to 64 letters, digits, - or _"
    missing = "'app.handler' needs the file functions/other/app.py, which does not exist"
    assert problems_of(files) == [
        Problem("functions/a.b", "", unnamed),
        Problem("functions/hello/manifest.json", "handler", "is required"),
        Problem("functions/other/manifest.json", "handler", missing),
        Problem("functions/other/manifest.json", "routes[0]", "GET / is already claimed by 'a.b' (GET /)"),
        Problem("manifests/dev.json", "timeout", "must be 1 second or more"),
    ]


def test_a_missing_stage_hides_no_bad_function(problems_of):
    missing = "'main.handler' needs the file functions/hello/main.py, which does not exist"
    assert problems_of({MANIFEST: {"handler": "main.handler"}}, {"BERTH_STAGE": "test"}) == [
        Problem("functions/hello/manifest.json", "handler", missing),
        Problem("manifests/test.json", "", "no manifest for the stage 'test' (found: dev)"),
    ]


def test_the_error_reads_as_a_report(load_files):
    files = {MANIFEST: {"memory_size": 64}, "functions/zoo/manifest.json": "[]"}
    with pytest.raises(ManifestError) as refused:
        load_files(files)
    assert str(refused.value) == (
        "3 problems in the manifests or settings, nothing was started:\n"
        "  functions/hello/manifest.json: handler: is required\n"
        "  functions/hello/manifest.json: memory_size: unknown key: did you mean 'memorySize'?\n"
        "  functions/zoo/manifest.json: must hold one JSON object"
    )


def test_files_elsewhere_are_shown_with_their_whole_path(load_files, tmp_path):
    (tmp_path / "dev.json").write_text("[]")
    with pytest.raises(ManifestError) as refused:
        load_files(environ={"BERTH_MANIFESTS_DIR": str(tmp_path)})
    assert refused.value.problems == (Problem(f"{tmp_path}/dev.json", "", "must hold one JSON object"),)


def test_a_bad_key_hides_no_cross_check_of_the_others(problems_of):
    route = {"method": "GET", "path": "/"}
    bad = {"handler": "nope.handler", "timeout": 0, "routes": [route, {"method": "get", "path": "/x"}, route]}
    found = [(problem.key, problem.message) for problem in problems_of({MANIFEST: bad | {"zzz": 1}})]
    assert found == [
        ("handler", "'nope.handler' needs the file functions/hello/nope.py, which does not exist"),
        (
            "routes[1].method",
            "'get' is not one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT: did you mean GET?",
        ),
        ("routes[2]", "GET / is already claimed by 'hello' (GET /)"),
        ("timeout", "must be 1 second or more"),
        ("zzz", "unknown key"),
    ]
