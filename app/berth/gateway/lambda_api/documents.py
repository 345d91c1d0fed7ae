"""What Lambda's API tells of a function: its configuration, and where it is.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

import base64
import hashlib
import os
import platform
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from berth.gateway.lambda_api.names import LATEST
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.value_class import value_class

Document = dict[str, Any]

_PASSED_OVER = {PACKAGES_FOLDER, "__pycache__"}
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
# As Lambda answers a caller who may not decrypt the variables.
_NOT_SHOWN = {
    "Error": {
        "ErrorCode": "AccessDeniedException",
        "Message": "Environment variables are shown to authenticated callers only.",
    }
}


@value_class
class Code:
    """What the files of a function tell: their bytes, when the newest was written, and a hash."""

    size: int
    written: float  # seconds since 1970
    digest: bytes  # of the files' names, sizes and times

    @classmethod
    def of(cls, folder: Path) -> "Code":
        """Look at the files of a folder; their contents are not read."""
        marks = sorted(_marks(folder))
        newest = max((modified for _, _, modified in marks), default=0)
        digest = hashlib.sha256(repr(marks).encode()).digest()
        return cls(sum(size for _, size, _ in marks), newest / 1e9, digest)


def function_document(function: Function, qualifier: str | None, *, shows_variables: bool) -> Document:
    """The answer to GetFunction. The code has no location: it cannot be downloaded from here."""
    configuration = configuration_document(function, qualifier, shows_variables=shows_variables)
    document = {"Configuration": configuration, "Code": {"RepositoryType": "S3", "Location": ""}, "Tags": {}}
    if function.reserved_concurrency is not None:
        document["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return document


def configuration_document(function: Function, qualifier: str | None, *, shows_variables: bool) -> Document:
    """The answer to GetFunctionConfiguration, and one entry of ListFunctions."""
    code = Code.of(function.directory)
    written = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(code.written))
    document: Document = {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{qualifier}" if qualifier else function.arn,
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        # No role is assumed here: this is the name that Lambda would have for a role of the function.
        "Role": f"arn:aws:iam::{function.stage.account_id}:role/{function.name}",
        "Handler": function.handler,
        "CodeSize": code.size,
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory_size,
        "LastModified": written,
        "CodeSha256": base64.b64encode(code.digest).decode(),
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": str(uuid.UUID(bytes=code.digest[:16], version=4)),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [_ARCHITECTURES.get(platform.machine(), platform.machine())],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
    }
    if function.environment:
        shown = {"Variables": dict(function.environment)}
        document["Environment"] = shown if shows_variables else _NOT_SHOWN
    return document


def _marks(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The name, size and time of every file, but for installed packages and what Python compiles."""
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _PASSED_OVER]
        for name in files:
            with suppress(OSError):  # removed at this moment, or a link that leads nowhere
                status = os.stat(os.path.join(path, name))
                yield os.path.relpath(os.path.join(path, name), folder), status.st_size, status.st_mtime_ns
