"""The picture of a deployment: what it shows, and that nothing in it covers anything else."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from berth.tools.deploy.diagram.mermaid import mermaid_text
from berth.tools.deploy.diagram.model import Arrow, Box, Diagram, build_diagram
from berth.tools.deploy.diagram.svg import svg_text
from kit.planned import WRITERS, stack_of, write_guarded
from kit.project_writing import add_function, write_stage
from kit.tables import for_each

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = Diagram(
    "<b>&",
    (
        Box("a", "client", 0, 0, '"]; click a "javascript:x"', ("</text><script>&", "x\ny")),
        Box("b", "store", 1, 0, "`b` #quot;", ("$default",)),
    ),
    (Arrow("a", "b", "|x|"),),
)


def _diagram(project: Path, **options: Any) -> Diagram:
    return build_diagram(stack_of(project, **options))


def test_mermaid_of_an_asynchronous_stage(tmp_path: Path) -> None:
    job = {"method": "POST", "path": "/reports", "invocation": "async"}
    add_function(tmp_path, "report", job, timeout=3600, memorySize=2048)
    add_function(tmp_path, "status", "GET /status")
    write_stage(tmp_path)
    text = re.sub(r"[\d.]+ vCPU, \d+ GB<br>\d+", "SIZE", mermaid_text(_diagram(tmp_path)))
    assert text == (
        "flowchart LR\n"
        '  clients(["<b>Clients</b><br>HTTPS"])\n'
        '  api["<b>API Gateway</b><br>REST API<br>stage prod<br>2 routes"]\n'
        '  link["<b>VPC link V2</b><br>into the VPC"]\n'
        '  balancer["<b>Application Load Balancer</b>'
        '<br>internal, port 80<br>closes after 60 s of silence"]\n'
        '  web["<b>Web tasks</b><br>2 to 10 on Fargate<br>SIZE at one time"]\n'
        '  queue[("<b>Event queue</b><br>SQS")]\n'
        '  worker["<b>Worker tasks</b><br>1 to 10 on Fargate<br>SIZE at one time"]\n'
        '  table[("<b>Invocations</b><br>DynamoDB: their pages")]\n'
        '  dead[("<b>Dead letters</b><br>SQS: failed for good")]\n'
        '  function0["<b>report</b><br>POST /reports<br>3600 s, 2048 MB"]\n'
        '  function1["<b>status</b><br>GET /status<br>3 s, 128 MB"]\n'
        "  clients --> api\n"
        "  api --> link\n"
        "  link --> balancer\n"
        "  balancer --> web\n"
        "  web -->|events| queue\n"
        "  queue --> worker\n"
        "  worker -.->|states| table\n"
        "  worker -.-> dead\n"
        "  web --> function1\n"
        "  worker --> function0\n"
    )


def test_authorizers_are_below_whoever_runs_them(tmp_path: Path) -> None:
    write_guarded(tmp_path)
    by_gateway = _diagram(tmp_path)
    assert Arrow("api", "authorizers", "asks", is_weak=True) in by_gateway.arrows
    (box,) = [each for each in by_gateway.boxes if each.id == "authorizers"]
    assert box.lines == ("gate (TOKEN: gate)", "people (COGNITO_USER_POOLS)")
    add_function(tmp_path / "own", "hello", {"method": "GET", "path": "/", "authorizer": "gate"})
    add_function(tmp_path / "own", "gate")
    write_stage(tmp_path / "own", authorizers={"gate": {"type": "TOKEN", "function": "gate"}})
    assert Arrow("web", "authorizers", "asks", is_weak=True) in _diagram(tmp_path / "own").arrows


def test_a_balancer_without_a_gateway_has_callers(tmp_path: Path) -> None:
    add_function(tmp_path, "hello", "GET /hello", api="alb")
    write_stage(tmp_path, gateway=None)
    diagram = _diagram(tmp_path)
    assert [each.id for each in diagram.boxes] == ["callers", "balancer", "web", "function0"]
    assert diagram.arrows[0] == Arrow("callers", "balancer", is_weak=True)


def test_balancer_names_the_port_of_the_invoke_api(tmp_path: Path) -> None:
    add_function(tmp_path, "hello", "GET /hello")
    api = {"auth": "token", "tokens": [{"environment": "INVOKE"}], "bind": "0.0.0.0:9001"}
    write_stage(tmp_path, invokeApi=api)
    (box,) = [each for each in _diagram(tmp_path).boxes if each.id == "balancer"]
    assert box.lines[0] == "internal, ports 80 and 9001"


def test_many_functions_share_one_box(tmp_path: Path) -> None:
    for number in range(40):
        add_function(tmp_path, f"f{number:02}", f"GET /f{number:02}")
    write_stage(tmp_path)
    diagram = _diagram(tmp_path)
    (box,) = [each for each in diagram.boxes if each.kind == "function"]
    assert (box.title, len(box.lines), box.lines[0]) == ("40 functions", 31, "f00: 3 s, 128 MB")
    assert box.lines[-1] == "and 10 more"
    assert diagram.arrows[-1] == Arrow("web", "function0")


@for_each("name", list(WRITERS))
def test_no_box_covers_another_one(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    diagram = _diagram(tmp_path / name)
    root = ElementTree.fromstring(svg_text(diagram))
    width, height = map(float, (root.attrib["width"], root.attrib["height"]))
    boxes = [
        tuple(float(each.attrib[key]) for key in ("x", "y", "width", "height"))
        for each in root.findall(f"{SVG}rect")[1:]
    ]
    assert len(boxes) == len(diagram.boxes)
    for number, (x, y, wide, high) in enumerate(boxes):
        assert x + wide <= width
        assert y + high <= height
        for other_x, other_y, other_wide, other_high in boxes[number + 1 :]:
            is_beside = x + wide <= other_x or other_x + other_wide <= x
            assert is_beside or y + high <= other_y or other_y + other_high <= y


def test_text_is_never_read_as_part_of_the_picture() -> None:
    root = ElementTree.fromstring(svg_text(HOSTILE))
    assert [each.text for each in root.findall(f"{SVG}text")] == [
        "<b>&",
        "|x|",
        '"]; click a "javascript:x"',
        "</text><script>&",
        "x\\ny",
        "`b` #quot;",
        "$default",
    ]
    assert mermaid_text(HOSTILE).splitlines() == [
        "flowchart LR",
        '  a(["<b>#34;]; click a #34;javascript:x#34;</b><br>#60;/text#62;#60;script#62;#38;<br>x\\ny"])',
        '  b[("<b>#96;b#96; #35;quot;</b><br>$default")]',
        "  a -->|#124;x#124;| b",
    ]
