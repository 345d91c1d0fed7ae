"""The sides of a comparison: each is asked one sample at a time, and answers or says why it cannot."""

import base64
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from berth.comparison.answers import FunctionAnswer
from berth.comparison.exchange import Exchange, NotAnswered, SentRequest
from berth.comparison.redaction import CREDENTIAL_HEADERS
from berth.errors import InvocationFault
from berth.model.http import HttpResponse
from berth.model.invocation import MAX_REQUEST_BYTES, InvocationResult, encode_event
from berth.tools.migrate.compare.figures import Figures, read_figures
from berth.tools.migrate.compare.inputs.event_requests import is_of_gateway

Content = TypeVar("Content", FunctionAnswer, HttpResponse)
Asked = TypeVar("Asked", contravariant=True)

INSTALL_HINT = "needs the package boto3: pip install 'berth-lambda[aws]'"
_ARN = re.compile(
    r"arn:aws[\w-]*:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:(?P<name>[\w.-]+)"
    r"(?::(?P<alias>[\w$-]+))?"
)
_SECONDS = 900.0  # as long as a function may run on Lambda, and some more for the way
_CONNECT_SECONDS = 10


class CannotRun(Exception):
    """Raised when a comparison cannot begin; the text says what to do."""


@dataclass(frozen=True)
class Answer(Generic[Content]):
    """What one side answered, and how long it took."""

    content: Content
    figures: Figures


class AskedSide(Protocol[Asked, Content]):
    """One side: `name` is for reports, and a remote one is asked no faster than the pace allows."""

    name: str
    is_remote: bool

    def ask(self, sample: Asked, /) -> Answer[Content]:
        """Ask with one sample; raises NotAnswered."""
        ...


@dataclass(frozen=True)
class LambdaName:
    """A function on Lambda, by its ARN."""

    arn: str
    region: str
    account: str
    name: str
    alias: str

    @classmethod
    def read(cls, text: str) -> "LambdaName":
        """Read an ARN; raises CannotRun."""
        found = _ARN.fullmatch(text)
        if found is None:
            form = "arn:aws:lambda:REGION:ACCOUNT:function:NAME, and :ALIAS if there is one"
            raise CannotRun(f"{text!r} is no ARN of a function: {form}")
        return cls(text, found["region"], found["account"], found["name"], found["alias"] or "")


class LambdaSide:
    """A function on Lambda, by Invoke. Nothing is sent a second time: a retry would be a second effect."""

    is_remote = True

    def __init__(self, function: LambdaName) -> None:
        self.name = "lambda"
        self._function = function
        self._client = _client(function.region)

    def check(self) -> None:
        """Ask Lambda whether the function may be invoked, without invoking it; raises CannotRun."""
        try:
            with _calling_aws():
                self._client.invoke(FunctionName=self._function.arn, InvocationType="DryRun")
        except NotAnswered as refused:
            raise CannotRun(f"{self._function.arn}: a dry run failed: {refused}") from refused

    def ask(self, event: Any) -> Answer[FunctionAnswer]:
        """Invoke the function once and wait; raises NotAnswered."""
        begun = time.monotonic()
        with _calling_aws():
            answer = self._client.invoke(
                FunctionName=self._function.arn,
                InvocationType="RequestResponse",
                LogType="Tail",
                Payload=encode_event(event),
            )
            payload = answer["Payload"].read()
        tail = base64.b64decode(answer.get("LogResult", ""))
        content = FunctionAnswer(payload, answer.get("FunctionError"))
        return Answer(content, read_figures(tail, time.monotonic() - begun))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class HereSide:
    """The function in Berth's own pool; `run` invokes it with an event as JSON."""

    is_remote = False

    def __init__(self, run: Callable[[bytes], InvocationResult]) -> None:
        self.name = "berth"
        self._run = run

    def ask(self, event: Any) -> Answer[FunctionAnswer]:
        """Invoke the function once and wait; raises NotAnswered."""
        payload = encode_event(event)
        if len(payload) > MAX_REQUEST_BYTES:
            raise NotAnswered(f"berth: an event of {len(payload)} bytes is too large")
        begun = time.monotonic()
        try:
            result = self._run(payload)
        except InvocationFault as fault:
            raise NotAnswered(f"berth: {fault.reason}") from fault
        content = FunctionAnswer(result.payload, result.function_error)
        return Answer(content, read_figures(result.log_tail, time.monotonic() - begun))


@dataclass
class HttpSide:
    """An API by HTTP. Recorded credentials are never sent; `headers` are those that the user gives."""

    name: str
    exchange: Exchange
    headers: Sequence[tuple[str, str]] = ()
    is_remote: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_remote = not self.exchange.address.is_local

    def ask(self, request: SentRequest) -> Answer[HttpResponse]:
        """Send one request; raises NotAnswered."""
        begun = time.monotonic()
        sent = without_credentials(request, self.headers)
        response = self.exchange.send(sent, self.headers)
        return Answer(response, Figures(duration=(time.monotonic() - begun) * 1000))


def without_credentials(request: SentRequest, given: Sequence[tuple[str, str]]) -> SentRequest:
    """A recorded request without credentials, and without headers that gateways add or the user gives."""
    own = {name.lower() for name, _ in given}
    kept = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in CREDENTIAL_HEADERS | own and not is_of_gateway(name)
    ]
    return SentRequest(request.method, request.target, kept, request.body)


def with_headers(event: Any, given: Sequence[tuple[str, str]]) -> Any:
    """An event with the headers that the user gives in the place of recorded ones."""
    if not isinstance(event, dict) or not given:
        return event
    changed = dict(event)
    for key in ("headers", "multiValueHeaders"):
        if isinstance(headers := event.get(key), Mapping):
            own = {name.lower() for name, _ in given}
            kept = {name: value for name, value in headers.items() if str(name).lower() not in own}
            added = {name: [value] if key.startswith("multi") else value for name, value in given}
            changed[key] = {**kept, **added}
    return changed


def _client(region: str) -> Any:
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise CannotRun(f"--lambda {INSTALL_HINT}") from None
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SECONDS + _CONNECT_SECONDS,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    return Session().client("lambda", region_name=region, config=config)


@contextmanager
def _calling_aws() -> Iterator[None]:
    """Raise NotAnswered for what goes wrong in a call to AWS."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as refused:
        error = refused.response.get("Error", {})
        raise NotAnswered(f"lambda: {error.get('Code')}: {error.get('Message')}") from refused
    except BotoCoreError as failed:
        raise NotAnswered(f"lambda: {failed}") from failed
