"""Access logs: of API Gateway (JSON with the user's own names, or CLF) and of load balancers."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from berth.tools.migrate.compare.inputs.samples import Samples, host_of

# Names of $context variables as people write them, in lower case without signs between words.
_METHOD = ("httpmethod", "method", "requestmethod", "verb")
_PATH = ("path", "rawpath", "requestpath", "uri", "requesturi", "resourcepath", "routekey")
_ALSO = frozenset("status requestid ip sourceip responselength requesttime protocol".split())
_REQUEST_LINE = r'"(?P<method>[A-Z]+) (?P<target>\S+) [^"\s]+"'
_CLF = re.compile(rf"\[\d\d/[A-Z][a-z]{{2}}/\d{{4}}:[^\]]*\]\s*{_REQUEST_LINE} ?\d{{3}}")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
_BALANCER = re.compile(rf"(?:https?|h2|grpcs|wss?) \d{{4}}-\d\d-\d\dT\S+ \S+ .*?{_REQUEST_LINE}")


def simple_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record by its names in lower case, without `_`, `-` and `.`."""
    return {re.sub(r"[_.\-\s]", "", str(name)).lower(): value for name, value in record.items()}


def take_access_record(record: Mapping[str, Any], place: str, samples: Samples) -> bool:
    """Add the request of a record in JSON; returns whether the record is one of an access log."""
    names = simple_names(record)
    method = _first(names, _METHOD)
    target = _first(names, _PATH)
    if " " in target:  # a route key of an HTTP API
        method, target = target.split(" ", 1)
    if not method or not target.startswith("/") or not names.keys() & _ALSO:
        return False
    stage = names.get("stage")
    samples.add_logged(place, method, target, stage=stage if isinstance(stage, str) else "")
    return True


def take_access_line(line: str, place: str, samples: Samples) -> bool:
    """Add the request of a line in CLF or of a load balancer; returns whether the line is one."""
    found = _CLF.search(line) or _BALANCER.match(line)
    if not found:
        return False
    target, host = found["target"], ""
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return False
        if not parts.netloc:
            return False
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        host = host_of(parts)
    samples.add_logged(place, found["method"], target, host=host)
    return True


def _first(names: Mapping[str, Any], wanted: tuple[str, ...]) -> str:
    return next((value for each in wanted if isinstance(value := names.get(each), str) and value), "")
