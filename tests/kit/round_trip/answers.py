"""What a client gets, and what the app says it saw, in terms that can be compared."""

import hashlib
from typing import Any

from kit.servers import Reply

Answer = dict[str, Any]

REPORT = "answer's x-report"
# Of the server that answers, or of the gateway in front of the function.
_NOT_THE_APPS = frozenset(
    """apigw-requestid connection date keep-alive server transfer-encoding
    x-amz-apigw-id x-amzn-errortype x-amzn-remapped-content-length x-amzn-requestid x-amzn-trace-id""".split()
)
# What a gateway adds to a request. What frames the body, and the Cookie lines as they are, are
# reported by `/connection`.
_NOT_THE_CLIENTS = frozenset(
    """connection content-length cookie transfer-encoding
    x-amzn-tls-cipher-suite x-amzn-tls-version x-amzn-trace-id
    x-forwarded-for x-forwarded-port x-forwarded-proto""".split()
)
_BODILESS = frozenset({204, 304})
# All that can be compared where one of two answers is no report.
_OF_ANY_ANSWER = frozenset({"status", "body", "answer's content-type", "answer's body"})


def read_answer(reply: Reply, method: str, mount: str) -> Answer:
    """One entry for each thing that may differ; the function's own part of every path is left out."""
    answer: Answer = {"status": reply.status, **_header_entries(reply)}
    if method != "HEAD" and reply.status not in _BODILESS:
        # Any server may send a body with its length or in chunks; the body itself is compared.
        answer.pop("answer's content-length", None)
    if REPORT in answer and reply.body:
        answer |= _report_entries(reply.json())
    else:
        answer["answer's body"] = _shown(reply.body)
    return {entry: _without_mount(value, mount) for entry, value in answer.items()}


def differences(direct: Answer, through: Answer) -> Answer:
    """What came through Berth otherwise, as it came; None where nothing came."""
    entries = direct.keys() | through.keys()
    if (REPORT in direct) is not (REPORT in through):
        entries &= _OF_ANY_ANSWER
    return {entry: through.get(entry) for entry in entries if direct.get(entry) != through.get(entry)}


def _header_entries(reply: Reply) -> Answer:
    names = {name.lower() for name, _ in reply.headers} - _NOT_THE_APPS
    answer: Answer = {f"answer's {name}": reply.all(name) for name in names}
    if allowed := reply.get("Allow"):  # in any order: the frameworks keep methods in a set
        answer["answer's allow"] = sorted(allowed.split(", "))
    return answer


def _report_entries(report: dict[str, Any]) -> Answer:
    headers = report.pop("headers", {})
    seen = {f"header {name}": values for name, values in headers.items() if name not in _NOT_THE_CLIENTS}
    return report | seen


def _shown(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if len(body) > 400 or (body and not text):
        return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:16]}"
    return text


def _without_mount(value: Any, mount: str) -> Any:
    if isinstance(value, str):
        return value.replace(f"/{mount}", "")
    if isinstance(value, list):
        return [_without_mount(each, mount) for each in value]
    return value
