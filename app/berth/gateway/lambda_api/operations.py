"""The operations of Lambda's API: invoke a function, and tell of functions.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from berth.gateway.lambda_api import errors, event_stream
from berth.gateway.lambda_api.documents import configuration_document, function_document
from berth.gateway.lambda_api.names import LATEST, find_function, name_problems, read_name
from berth.gateway.lambda_api.parameters import Parameters, check_payload, query_value, read_parameters
from berth.gateway.lambda_api.told_context import ToldContext
from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.http import Headers, HttpRequest, HttpResponse
from berth.model.invocation import Invocation, InvocationResult
from berth.model.lineage import continue_lineage, is_recursion
from berth.model.stage import Stage
from berth.model.stamp import Stamp
from berth.model.value_class import value_class
from berth.payload.headers import last_header

# Keeps an event until it has been handled; raises QueueUnavailable if that cannot be promised.
Enqueue = Callable[[Invocation], None]
_JSON = "application/json"
_MOST_LISTED = 50  # functions in one answer


@value_class
class Asked:
    """One request: as it was sent, the time and ids that it was given, and what a bridge told of it."""

    request: HttpRequest
    stamp: Stamp
    told: ToldContext

    def answer(
        self, status: int, body: bytes = b"", headers: Headers = (), content_type: str = _JSON
    ) -> HttpResponse:
        """The response of this request, with its id."""
        of_body = [("Content-Type", content_type)] if body else []
        # A response with 204 has no body, and so no length (RFC 9110).
        length = [] if status == 204 else [("Content-Length", str(len(body)))]
        own = [("x-amzn-RequestId", self.stamp.request_id), *of_body, *length]
        return HttpResponse(status, [*own, *headers], body)

    def answer_document(self, document: Mapping[str, Any]) -> HttpResponse:
        """The response with a document of the API."""
        return self.answer(200, json.dumps(document).encode())


@value_class(eq=False)
class Operations:
    """What the API does with the functions of a stage; every operation raises LambdaError for a refusal."""

    invoker: Invoker
    stage: Stage
    functions: Mapping[str, Function]
    enqueue: Enqueue
    shows_variables: bool = False  # to authenticated callers only

    def invoke(self, asked: Asked, name: str) -> HttpResponse:
        """Run one invocation and answer its result, or queue it, or only check it (Invoke)."""
        parameters, invocation = self._read(asked, name)
        if parameters.invocation_type == "DryRun":
            return asked.answer(204)
        if parameters.invocation_type == "Event":
            self._queue(invocation)
            return asked.answer(202)
        result = self._run(invocation)
        failed = [("X-Amz-Function-Error", result.function_error)] if result.function_error else []
        log = [("X-Amz-Log-Result", _log_tail(result))] if parameters.wants_log else []
        version = ("X-Amz-Executed-Version", LATEST)
        trace = ("X-Amzn-Trace-Id", asked.stamp.trace_header)
        return asked.answer(200, result.payload, [version, *failed, *log, trace])

    def invoke_with_response_stream(self, asked: Asked, name: str) -> HttpResponse:
        """Run one invocation and answer its result as events (InvokeWithResponseStream)."""
        parameters, invocation = self._read(asked, name, ("RequestResponse", "DryRun"))
        if parameters.invocation_type == "DryRun":
            return asked.answer(204)
        result = self._run(invocation)
        complete = {"LogResult": _log_tail(result)} if parameters.wants_log else {}
        if result.function_error:
            details = result.payload.decode("utf-8", "replace")
            complete |= {"ErrorCode": result.function_error, "ErrorDetails": details}
        body = event_stream.encode_result(result.payload, complete)
        return asked.answer(200, body, [("X-Amz-Executed-Version", LATEST)], event_stream.MEDIA_TYPE)

    def invoke_async(self, asked: Asked, name: str) -> HttpResponse:
        """Queue one invocation (InvokeAsync, which Invoke has replaced long ago)."""
        _, invocation = self._read(asked, name)
        self._queue(invocation)
        return asked.answer(202, b'{"Status":202}')

    def get_function(self, asked: Asked, name: str) -> HttpResponse:
        """Tell of one function (GetFunction)."""
        function, qualifier = self._find(asked, name)
        document = function_document(function, qualifier, shows_variables=self.shows_variables)
        return asked.answer_document(document)

    def get_function_configuration(self, asked: Asked, name: str) -> HttpResponse:
        """Tell the configuration of one function (GetFunctionConfiguration)."""
        function, qualifier = self._find(asked, name)
        return asked.answer_document(
            configuration_document(function, qualifier, shows_variables=self.shows_variables)
        )

    def list_functions(self, asked: Asked) -> HttpResponse:
        """Tell the configurations of all functions, some in each answer (ListFunctions)."""
        marker, most = query_value(asked.request, "Marker") or "", query_value(asked.request, "MaxItems")
        if most is not None and not (most.isascii() and most.isdigit() and int(most[:9])):
            raise errors.bad_parameter(f"MaxItems: {most[:40]!r} is not a whole number of 1 or more")
        size = min(int((most or "")[:9] or _MOST_LISTED), _MOST_LISTED)
        names = sorted(name for name in self.functions if name > marker)
        shown = [self.functions[name] for name in names[:size]]
        return asked.answer_document(
            {
                "Functions": [
                    configuration_document(each, None, shows_variables=self.shows_variables) for each in shown
                ],
                "NextMarker": names[size - 1] if len(names) > size else None,
            }
        )

    def _read(
        self, asked: Asked, name: str, types: Sequence[str] = ("Event", "RequestResponse", "DryRun")
    ) -> tuple[Parameters, Invocation]:
        """What a client asks for, and the invocation of it."""
        parameters, stamp = read_parameters(asked.request, name, types), asked.stamp
        function = find_function(self.functions, self.stage, parameters.function)
        check_payload(asked.request.body)
        incoming = last_header(asked.request.headers, "X-Amzn-Trace-Id")
        invocation = Invocation(
            function,
            asked.request.body,
            stamp.request_id,
            continue_lineage(incoming, stamp.trace_id, function.arn),
            client_context=parameters.client_context,
            tenant_id=parameters.tenant_id,
            qualifier=parameters.function.qualifier,
        )
        return parameters, asked.told.apply(invocation)

    def _run(self, invocation: Invocation) -> InvocationResult:
        """Run an invocation, unless its function has been invoked too often in one chain."""
        if is_recursion(invocation.trace_id, invocation.function.arn):
            raise errors.recursion(invocation.function)
        return self.invoker.invoke(invocation)

    def _queue(self, invocation: Invocation) -> None:
        """Queue an invocation; who runs it looks at its chain, and an event has no client context."""
        self.enqueue(replace(invocation, client_context=None))

    def _find(self, asked: Asked, name: str) -> tuple[Function, str | None]:
        """The function that a client asks about, and the qualifier that it has used."""
        qualifier = query_value(asked.request, "Qualifier")
        if problems := list(name_problems(name, qualifier)):
            raise errors.not_valid(problems)
        named = read_name(name, qualifier)
        return find_function(self.functions, self.stage, named, missing=None), named.qualifier


def _log_tail(result: InvocationResult) -> str:
    return base64.b64encode(result.log_tail).decode()
