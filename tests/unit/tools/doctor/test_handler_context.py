"""D121, D122: what code takes from its context, and how it asks for memory."""

from pathlib import Path

from kit.doctor import found_in
from kit.tables import for_each

ARN = "context.invoked_function_arn.split(':')"


def _handler(body: str, top: str = "", parameters: str = "event, context") -> str:
    return f"{top}def handler({parameters}):\n    {body}"


MEMBERS = [
    ("a member that is not there", _handler("return context.tenant"), ["D121 2"]),
    ("in a function inside", _handler("return [context.stage for _ in event]"), ["D121 2"]),
    ("another name", _handler("return ctx.user", parameters="e, ctx"), ["D121 2"]),
    (
        "what Lambda gives",
        _handler(
            "context.log('x')\n    return context.aws_request_id, context.tenant_id, "
            "context.identity.cognito_identity_id"
        ),
        [],
    ),
    ("its time", _handler("return context.get_remaining_time_in_millis()"), []),
    ("what the code sets", _handler("context.user = 1\n    return context.user"), []),
    ("what is asked first", _handler("return context.user if hasattr(context, 'user') else None"), []),
    (
        "what may fail",
        _handler("try:\n        return context.user\n    except AttributeError:\n        pass"),
        [],
    ),
    ("a decorator's context", _handler("return context.user", "def deco(f): return f\n@deco\n"), []),
    ("no context of Lambda's", _handler("return runtime.store", parameters="event, runtime"), []),
    (
        "a context of another kind",
        _handler("return context.step", parameters="event, context: 'Durable'"),
        [],
    ),
    ("another function's", "def f(event, context):\n    return context.user", []),
]


@for_each("name, code, expected", MEMBERS)
def test_members_of_the_context(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


STAGE: dict[str, str | bytes] = {"manifests/dev.json": '{"accountId": "123456789012", "region": "eu-west-1"}'}
ARNS = [
    ("the account", _handler(f"return {ARN}[4]"), {}, ["D121 2"]),
    (
        "the region, by names",
        _handler(f"parts = {ARN}\n    region = parts[3]\n    return region"),
        {},
        ["D121 3"],
    ),
    ("an alias", _handler(f"return {ARN}[7]"), STAGE, ["D121 2"]),
    ("what the stage says", _handler(f"return {ARN}[4], {ARN}[3]"), STAGE, []),
    ("the name", _handler(f"return {ARN}[6], {ARN}[-1]"), {}, []),
    ("another ARN", _handler("return event['arn'].split(':')[4]"), {}, []),
]


@for_each("name, code, files, expected", ARNS)
def test_parts_of_the_functions_arn(
    tmp_path: Path, name: str, code: str, files: dict[str, str | bytes], expected: list[str]
) -> None:
    assert found_in(tmp_path, code, files) == expected


MEMORY = [
    ("the machine's", "t = open('/proc/meminfo').read()", ["D122 1"]),
    ("the machine's by psutil", "import psutil as p\nm = p.virtual_memory().total", ["D122 2"]),
    ("threads by memory", _handler("return int(context.memory_limit_in_mb) // 1769"), ["D122 2"]),
    ("telling it", _handler("return f'{context.memory_limit_in_mb} MB'"), []),
    ("the process's own", "t = open('/proc/self/status').read()", []),
    ("the process's own by psutil", "import psutil\nm = psutil.Process().memory_info().rss", []),
]


@for_each("name, code, expected", MEMORY)
def test_memory(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, {"functions/orders/.packages/psutil.py": ""}) == expected
