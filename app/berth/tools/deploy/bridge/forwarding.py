"""Forwards the events of a Lambda function to Berth's Invoke API and answers what comes back.

`berth deploy bridge` writes this file into a zip as `berth_bridge.py`. It runs on Lambda and needs Python and
Lambda's own runtime alone. The function's environment variables say where Berth is and prove who calls:

BRIDGE_URL                https://host:port of the Invoke API
BRIDGE_TOKEN              a token, where the stage's invokeApi says "auth": "token"; or else
BRIDGE_ACCESS_KEY_ID      one of the stage's credentials, where it says "auth": "sigv4", with
BRIDGE_SECRET_ACCESS_KEY  its secret key
BRIDGE_REGION             the stage's region, if it is not the region of the Lambda function
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import time
from decimal import Decimal
from typing import Any

from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import to_json

_CONNECT_SECONDS = 5
_KEEPALIVE_SECONDS = 60
_MOST_DIGITS = 4000  # Python converts no integer with more than 4,300
_URL = re.compile(r"http(?P<tls>s?)://(?P<host>[A-Za-z0-9.-]+(:[0-9]{1,5})?)/?")
_VISIBLE = re.compile("[!-~]*")
_VARIABLE = "BRIDGE_"


def forward(function: str, hands_over: bool, event: Any, context: Any) -> Any:
    """Forward one event; raises what the runtime reports as the function's own error, or as Berth's.

    `hands_over` queues the event at Berth and returns None at once.
    """
    path = f"/2015-03-31/functions/{function}/invocations"
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "backslashreplace")
    status, headers, payload = _send(path, _headers(context, hands_over), body, context)
    if status not in (200, 202) or "x-amzn-requestid" not in headers:
        raise _refusal(status, headers, payload)
    if "x-amz-function-error" in headers:
        raise _function_error(payload)
    return None if status == 202 else _read_result(payload)


def _headers(context: Any, hands_over: bool) -> dict[str, str]:
    """What tells Berth of the invocation; an event in Berth's queue has no deadline of Lambda's."""
    identity = context.identity
    known = {
        "requestId": context.aws_request_id,
        "invokedFunctionArn": context.invoked_function_arn,
        "deadlineMs": None
        if hands_over
        else int(time.time() * 1000) + context.get_remaining_time_in_millis(),
        "cognitoIdentityId": identity.cognito_identity_id,
        "cognitoIdentityPoolId": identity.cognito_identity_pool_id,
    }
    headers = {
        "X-Amz-Invocation-Type": "Event" if hands_over else "RequestResponse",
        "X-Amz-Client-Context": _client_context(context),
        "X-Amz-Tenant-Id": getattr(context, "tenant_id", None),
        "X-Amzn-Trace-Id": os.environ.get("_X_AMZN_TRACE_ID"),
        "X-Bridge-Context": _encoded({name: value for name, value in known.items() if value is not None}),
    }
    return {name: value for name, value in headers.items() if value}


def _client_context(context: Any) -> str | None:
    given = context.client_context
    if given is None:
        return None
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    client = given.client and {name: getattr(given.client, name) for name in names}
    w3c = context.w3c() if hasattr(context, "w3c") else None
    told = {"client": client, "custom": given.custom, "env": given.env, "w3c": w3c or None}
    return _encoded({name: value for name, value in told.items() if value is not None})


def _encoded(document: dict[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()


def _send(path: str, headers: dict[str, str], body: bytes, context: Any) -> tuple[int, dict[str, str], bytes]:
    """Send one request; an answer that comes too late finds no one, as Lambda has ended this process."""
    url = _URL.fullmatch(os.environ.get(f"{_VARIABLE}URL", ""))
    if url is None:
        raise _error("NotConfigured", f"{_VARIABLE}URL must be https://host:port")
    make = http.client.HTTPSConnection if url["tls"] else http.client.HTTPConnection
    connection = make(url["host"], timeout=_CONNECT_SECONDS)
    headers = {"Host": url["host"], **headers}
    headers.update(_proof(path, headers, body))
    began = "no connection to it"
    try:
        connection.connect()
        # Network load balancers and NAT gateways forget a connection that is silent for 350 seconds.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_SECONDS)
        connection.sock.settimeout(context.get_remaining_time_in_millis() / 1000 + 1)
        began = "the connection ended before the answer, and the function may have run"
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return (
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
    except (OSError, http.client.HTTPException) as failed:
        reason = f"{began}: {failed or type(failed).__name__}"
        raise _error("Unreachable", f"Berth at {url['host']}: {reason}") from None
    finally:
        connection.close()


def _secret(name: str) -> str:
    """A variable that proves who calls; no error may show its value, as one of http.client's would."""
    value = os.environ.get(f"{_VARIABLE}{name}", "")
    if not _VISIBLE.fullmatch(value):
        raise _error(
            "NotConfigured", f"{_VARIABLE}{name} has a blank, a line break or another strange character"
        )
    return value


def _proof(path: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    """The headers that prove who calls: a token, or a signature of version 4."""
    token, key, secret = map(_secret, ("TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    if token:
        return {"Authorization": f"Bearer {token}"}
    if not key or not secret:
        both = f"{_VARIABLE}ACCESS_KEY_ID and {_VARIABLE}SECRET_ACCESS_KEY"
        raise _error("NotConfigured", f"{_VARIABLE}TOKEN must be set, or {both}")
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()} | {"x-amz-date": date}
    # An Application Load Balancer adds its own part to this one, so no client of AWS's signs it either.
    signed.pop("x-amzn-trace-id", None)
    names = ";".join(sorted(signed))
    lines = [f"{name}:{signed[name]}" for name in sorted(signed)]
    canonical = "\n".join(["POST", path, "", *lines, "", names, hashlib.sha256(body).hexdigest()])
    region = os.environ.get(f"{_VARIABLE}REGION") or os.environ["AWS_REGION"]
    scope = f"{date[:8]}/{region}/lambda/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    digest = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        digest = hmac.new(digest, part.encode(), hashlib.sha256).digest()
    claim = f"Credential={key}/{scope}, SignedHeaders={names}, Signature={digest.hex()}"
    return {"X-Amz-Date": date, "Authorization": f"AWS4-HMAC-SHA256 {claim}"}


def _function_error(payload: bytes) -> FaultException:
    try:
        error = json.loads(payload)
        return FaultException(error.get("errorType"), error.get("errorMessage"), error.get("stackTrace"))
    except (ValueError, AttributeError, RecursionError):
        return _error(
            "Unreachable", "the answer says that the function failed, and is not a function's error"
        )


def _refusal(status: int, headers: dict[str, str], payload: bytes) -> FaultException:
    """The error for an answer that is not a function's: Berth refused, or something else answered."""
    code = headers.get("x-amzn-errortype")
    if code is None:
        return _error("Unreachable", f"HTTP {status} came from something that is not Berth's Invoke API")
    try:
        told = json.loads(payload)
        text = f"{told.get('message') or told.get('Message')} {told.get('Reason', '')}".strip()
    except (ValueError, AttributeError):
        text = ""
    kind = "Throttled" if status == 429 else "Unreachable" if status >= 500 else "Refused"
    return _error(kind, f"Berth answered {status} {code}: {text[:500]}")


def _error(kind: str, text: str) -> FaultException:
    return FaultException(f"Berth.{kind}", text, None)


def _read_result(payload: bytes) -> Any:
    """The result as values, if the runtime writes them as the same text; otherwise as these bytes.

    Before Python 3.12 the runtime escapes what is not ASCII.
    """
    try:
        text = payload.decode()
        value = json.loads(text, parse_float=_read_float, parse_int=_read_int)
        written = to_json(value)
    except (ValueError, RecursionError):
        return payload
    return value if written == text or (written.isascii() and not text.isascii()) else payload


def _read_float(text: str) -> float | Decimal:
    return float(text) if repr(float(text)) == text else Decimal(text)


def _read_int(text: str) -> int | Decimal:
    return int(text) if len(text) < _MOST_DIGITS else Decimal(text)
