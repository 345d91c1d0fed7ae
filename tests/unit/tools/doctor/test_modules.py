"""D102, D103, D120: handlers and modules that are missing, and Pythons that differ."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit.doctor import TARGET, examine, found_in, write_project
from kit.tables import for_each

Files = dict[str, str | bytes]
LAYER = "layers/common/python"

MISSING = [
    ("a package", "import stripe", {}, ["D103 1"]),
    ("a part of a package", "from google.cloud import storage", {}, ["D103 1"]),
    ("in a function", "def f():\n    import stripe", {}, ["D103 2"]),
    (
        "in a module that the handler leads to",
        "import shop",
        {"shop.py": "import stripe"},
        ["D103 shop.py:1"],
    ),
    (
        "in a module of a package",
        "from shop import cart",
        {
            "shop/__init__.py": "",
            "shop/cart.py": "from .prices import x\nimport stripe",
            "shop/prices.py": "x = 1",
        },
        ["D103 shop/cart.py:2"],
    ),
    ("a module of a mere folder", "import shop.cart", {"shop/prices.py": ""}, ["D103 1"]),
    (
        "a module that a name imports",
        "import importlib\nimportlib.import_module('shop')",
        {"shop.py": "import stripe"},
        ["D103 shop.py:1"],
    ),
    ("what inline code of templates has", "import cfnresponse", {}, ["D103 1"]),
    ("where the first error is what counts", "import stripe\ndef f():\n    import stripe", {}, ["D103 1"]),
]
THERE = [
    ("Python's own", "import json, os.path\nfrom urllib import request", {}),
    ("what the image has", "import boto3, botocore.exceptions\nfrom dateutil import tz", {}),
    ("a module of the code", "import shop", {"shop.py": ""}),
    ("a folder of the code", "import shop.cart", {"shop/cart.py": ""}),
    ("an installed package", "import stripe", {".packages/stripe/__init__.py": ""}),
    ("an optional one", "try:\n    import ujson as json\nexcept ImportError:\n    import json", {}),
    ("an optional one by another error", "try:\n    import ujson\nexcept Exception:\n    ujson = None", {}),
    ("two that are each other's choice", "try:\n    import a1\nexcept ImportError:\n    import a2", {}),
    (
        "one that may be missing",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import ujson",
        {},
    ),
    (
        "for type checkers",
        "import typing\nif typing.TYPE_CHECKING:\n    import mypy_boto3_s3",
        {},
    ),
    (
        "for type checkers by another name",
        "from typing import TYPE_CHECKING as T\nif T:\n    import mypy_boto3_s3",
        {},
    ),
    ("for another Python", "import sys\nif sys.version_info < (3, 9):\n    import importlib_metadata", {}),
    ("for a laptop", "import os\nif os.environ.get('AWS_SAM_LOCAL'):\n    import debugpy", {}),
    ("in what never runs", "if __name__ == '__main__':\n    import pytest", {}),
    ("in a module that nobody imports", "x = 1", {"tool.py": "import stripe"}),
    ("in a text", "code = 'import stripe'", {}),
    ("a module that is made in code", "import shop.made", {"shop/__init__.py": "import sys"}),
    ("in an installed package", "import stripe", {".packages/stripe/__init__.py": "import nowhere"}),
    (
        "in a package that was unpacked beside the code",
        "import stripe",
        {"stripe/__init__.py": "import nowhere", "stripe-5.0.dist-info/RECORD": "stripe/__init__.py,,\n"},
    ),
    (
        "in a package of others without metadata",
        "import yaml",
        {"yaml/__init__.py": "__version__ = '6'\nimport nowhere"},
    ),
]


def _of_function(files: dict[str, str]) -> Files:
    return {f"functions/orders/{name}": text for name, text in files.items()}


@for_each("name, code, files, expected", [*MISSING, *((*row, []) for row in THERE)])
def test_missing_modules(
    tmp_path: Path, name: str, code: str, files: dict[str, str], expected: list[str]
) -> None:
    assert found_in(tmp_path, code, _of_function(files)) == expected


def test_modules_of_layers(tmp_path: Path) -> None:
    code, layer = "import shared", {f"{LAYER}/shared.py": "import stripe"}
    assert found_in(tmp_path, code, layer, layers=["../../layers/common"]) == [
        "D103 layers/common/python/shared.py:1"
    ]
    installed: Files = {"layers/common/.packages/stripe.py": ""}
    assert found_in(tmp_path, code, {**layer, **installed}, layers=["../../layers/common"]) == []


def test_layers_are_not_searched_with_a_pythonpath(tmp_path: Path) -> None:
    layer: Files = {f"{LAYER}/shared.py": "", "functions/orders/vendored/stripe.py": ""}
    rest: dict[str, Any] = {"layers": ["../../layers/common"], "environment": {"PYTHONPATH": "vendored"}}
    assert found_in(tmp_path, "import stripe, shared", layer, **rest) == ["D103 1"]


def test_module_of_shared_code(tmp_path: Path) -> None:
    shared: Files = {
        "functions/_shop/main.py": "import prices\ndef handler(*_): ...",
        "functions/_shop/prices.py": "",
    }
    assert found_in(tmp_path, "", shared, handler="main.handler", code="../_shop") == []


def test_module_may_be_in_a_layer_that_is_not_there(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/orders/app.py": "import shared"}, layers=["../../layers/common"])
    texts = {each.id: (each.text, each.advice) for each in examine(tmp_path).findings}
    assert texts["D103"] == (
        "the module `shared` is in no folder that the function searches; it may be in the layer "
        "common, which is not there",
        "put the layer's content into its folder; if the module is in no layer, name shared in "
        "requirements.txt "
        "and run `berth function install`",
    )
    assert sorted(texts) == ["D103", "D127"]


ADVICE = [
    ("yaml", "name PyYAML in requirements.txt and run `berth function install`"),
    ("my_package", "name my-package in requirements.txt and run `berth function install`"),
    ("utils", "copy it into the code, or into a layer"),
    (
        "aws_lambda_powertools",
        "on Lambda it comes with the layer AWSLambdaPowertoolsPython: name aws-lambda-powertools in "
        "requirements.txt and run `berth function install`",
    ),
]


@for_each("module, advice", ADVICE)
def test_advice_names_the_distribution(tmp_path: Path, module: str, advice: str) -> None:
    write_project(tmp_path, {"functions/orders/app.py": f"import {module}"})
    assert [each.advice for each in examine(tmp_path).findings] == [advice]


def test_advice_names_the_folder_that_has_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_project(
        tmp_path,
        {
            "functions/_shop/src/__init__.py": "",
            "functions/_shop/src/main.py": "from src import prices\ndef handler(*_): ...",
        },
        handler="main.handler",
        code="../_shop/src",
    )
    (advice,) = (each.advice for each in examine(tmp_path).findings)
    assert advice == "it is in functions/_shop: let `code` name that folder, or copy the module into the code"


def test_requirements_that_are_not_installed_are_told_once(tmp_path: Path) -> None:
    asked: Files = {"functions/orders/requirements.txt": "pandas\nStripe==5.0\n"}
    code = "import pandas, numpy, stripe"
    assert found_in(tmp_path, code, asked) == ["D103 requirements.txt:1"]
    # A well-known layer's module is hardly what a requirement requires.
    assert found_in(tmp_path, f"{code}\nimport aws_lambda_powertools", asked) == [
        "D103 2",
        "D103 requirements.txt:1",
    ]
    installed: Files = {"functions/orders/.packages/pandas.py": "", "functions/orders/.packages/numpy.py": ""}
    assert found_in(tmp_path, code, {**asked, **installed}) == ["D103 1"]
    assert found_in(tmp_path, "import json", asked) == []


HANDLERS = [
    ("a missing file", "x = 1", {"handler": "main.handler"}, ["D103 manifest.json:2"]),
    (
        "a missing name",
        "def handel(event, context): ...\ndef handler2(): ...",
        {"handler": "app.handle"},
        ["D103 manifest.json:2"],
    ),
    (
        "a name that is only inside",
        "def f():\n    def go(): ...",
        {"handler": "app.go"},
        ["D103 manifest.json:2"],
    ),
    ("no attribute", "x = 1", {"handler": "app"}, ["D103 manifest.json:2"]),
    ("serverless-wsgi's", "x = 1", {"handler": "wsgi_handler.handler"}, ["D120 manifest.json:2"]),
    ("an import", "from shop import handler", {}, ["D103 1"]),
    ("a function", "async def go(event, context): ...", {"handler": "app.go"}, []),
    ("an assignment", "go = lambda event, context: None", {"handler": "app.go"}, []),
    ("one of several", "go, stop = str, int", {"handler": "app.go"}, []),
    (
        "under a condition",
        "import os\nif os.name:\n    def go(*_): ...\nelse:\n    go = None",
        {"handler": "app.go"},
        [],
    ),
    ("all names of another module", "from json import *", {"handler": "app.go"}, []),
    ("a global of a function", "def f():\n    global go\n    go = 1", {"handler": "app.go"}, []),
    ("names that are made", "globals()['go'] = print", {"handler": "app.go"}, []),
    ("a module that makes its names", "def __getattr__(name): ...", {"handler": "app.go"}, []),
]


@for_each("name, code, manifest, expected", HANDLERS)
def test_handlers(
    tmp_path: Path, name: str, code: str, manifest: dict[str, str], expected: list[str]
) -> None:
    assert found_in(tmp_path, code, **manifest) == expected


def test_zappas_handler_is_known_by_zappas_settings(tmp_path: Path) -> None:
    settings: Files = {"functions/orders/zappa_settings.json": "{}"}
    assert found_in(tmp_path, "", settings, handler="handler.lambda_handler") == ["D120 manifest.json:2"]
    assert found_in(tmp_path, "", handler="handler.lambda_handler") == ["D103 manifest.json:2"]


def test_handler_of_an_agent_leads_to_the_functions_own(tmp_path: Path) -> None:
    agent: Files = {"functions/orders/.packages/datadog_lambda/handler.py": "def handler(*_): ..."}
    found = found_in(
        tmp_path,
        "import stripe",
        agent,
        handler="datadog_lambda.handler.handler",
        environment={"DD_LAMBDA_HANDLER": "app.handler"},
    )
    assert found == ["D103 1"]


PLUGINS = [
    ("unzipped requirements", "import unzip_requirements", ["D120 1"]),
    ("Chalice", "from chalice import Chalice\napp = Chalice(app_name='x')", ["D120 2"]),
    (
        "unzipped requirements, if they are there",
        "try:\n    import unzip_requirements\nexcept ImportError:\n    pass",
        [],
    ),
    (
        "the library of serverless-wsgi",
        "import serverless_wsgi\n"
        "def handler(event, context):\n    return serverless_wsgi.handle_request(None, event, context)",
        [],
    ),
    ("another Chalice", "class Chalice: ...\napp = Chalice()", []),
]
INSTALLED: Files = {f"functions/orders/.packages/{name}.py": "" for name in ("chalice", "serverless_wsgi")}


@for_each("name, code, expected", PLUGINS)
def test_what_packagers_make(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, INSTALLED) == expected


GONE = [
    ("before this Python", "import imp", ["D102 error 1"]),
    (
        "before this Python, in a function",
        "def f():\n    from distutils.util import strtobool",
        ["D102 warning 2"],
    ),
    ("in Python 3.0", "import urllib2", ["D102 error 1"]),
    ("if it is optional", "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle", []),
    ("the same name elsewhere", "from email import generator as imp\nimport importlib", []),
]


@pytest.fixture
def python_313(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modules be gone that Python 3.13 has not."""
    gone = {"imp", "distutils", "cgi", "telnetlib"}
    monkeypatch.setattr(sys, "stdlib_module_names", sys.stdlib_module_names - gone)


@pytest.mark.usefixtures("python_313")
@for_each("name, code, expected", GONE)
def test_modules_that_are_gone(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert _severities(tmp_path, code) == expected


@pytest.mark.usefixtures("python_313")
def test_module_that_is_gone_may_be_installed(tmp_path: Path) -> None:
    assert found_in(tmp_path, "import cgi", {"functions/orders/.packages/cgi.py": ""}) == []


def test_module_that_a_later_python_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdlib_module_names", sys.stdlib_module_names | {"telnetlib"})
    assert _severities(tmp_path, "import telnetlib") == ["D102 warning 1"]
    assert _severities(tmp_path, "try:\n    import telnetlib\nexcept ImportError:\n    pass") == []


def _severities(tmp_path: Path, code: str) -> list[str]:
    folder = tmp_path / f"project-{len(list(tmp_path.iterdir()))}"
    write_project(folder, {"functions/orders/app.py": code})
    return [f"{each.id} {each.severity} {each.line}" for each in examine(folder).findings]


RUNTIMES = [
    ("python3.9", ["D102 note"]),
    ("python3.14", ["D102 warning"]),
    ("python3.13", []),
    (None, []),
]


@for_each("runtime, expected", RUNTIMES)
def test_runtimes(tmp_path: Path, runtime: str | None, expected: list[str]) -> None:
    folder = tmp_path / str(runtime)
    write_project(folder, {}, **({"runtime": runtime} if runtime else {}))
    assert [f"{each.id} {each.severity}" for each in examine(folder).findings] == expected


def test_version_here_is_named(tmp_path: Path) -> None:
    write_project(tmp_path, {}, runtime="python3.9")
    (finding,) = examine(tmp_path, replace(TARGET, python=(3, 14))).findings
    assert finding.text == "written for python3.9; Python 3.14 runs here"
    assert finding.line == 3


SHOPS: list[tuple[str, str | bytes, list[str]]] = [
    ("Python 2", "def f():\n    print 'x'", ["D102"]),
    ("half a file", "def f(:", ["D102"]),
    ("zeros", "x = 1\0", ["D102"]),
    ("deep nesting", "(" * 5000, ["D102"]),
    ("an escape that is none", "x = '\\d'", []),
    ("latin-1", b"# -*- coding: latin-1 -*-\nx = '\xe9'", []),
    ("a byte order mark", b"\xef\xbb\xbfx = 1", []),
]


@for_each("name, content, expected", SHOPS)
def test_files_that_this_python_cannot_read(
    tmp_path: Path, name: str, content: str | bytes, expected: list[str]
) -> None:
    found = found_in(tmp_path, "import shop", {"functions/orders/shop.py": content})
    assert [each.split()[0] for each in found] == expected


def test_syntax_error_has_its_line(tmp_path: Path) -> None:
    assert found_in(tmp_path, "import shop", {"functions/orders/shop.py": "x = 1\ndef f(:"}) == [
        "D102 shop.py:2"
    ]
