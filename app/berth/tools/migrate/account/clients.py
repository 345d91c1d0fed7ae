"""Asking AWS: pages of answers, read only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from berth.tools.migrate.model.findings import ImportRefused, Problem


class Progress(Protocol):
    """Tells the user how far the reading is."""

    def __call__(self, what: str, /) -> None:
        """Say what is being read now."""


class Account:
    """The services of one account and region; clients are made when they are asked for."""

    def __init__(self, region: str, progress: Progress) -> None:
        import boto3

        self._session = boto3.Session(region_name=region or None)
        self._clients: dict[str, Any] = {}
        self.progress = progress

    @property
    def region(self) -> str:
        """The region that is read."""
        return str(self._session.region_name or "")

    def client(self, service: str) -> Any:
        """The client of one service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def ask(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation; what does not exist is an empty answer. Raises ImportRefused."""
        with _refusing(f"{service}:{operation}") as found:
            found.update(getattr(self.client(service), operation)(**arguments))
        return found

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Every entry of a list, which AWS answers in pages; raises ImportRefused."""
        client = self.client(service)
        if client.can_paginate(operation):
            with _refusing(f"{service}:{operation}"):
                for page in client.get_paginator(operation).paginate(**arguments):
                    yield from page.get(key) or []
            return
        token: dict[str, Any] = {}
        while True:
            answer = self.ask(service, operation, **arguments, **token)
            yield from answer.get(key) or []
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


@contextmanager
def _refusing(what: str) -> Iterator[dict[str, Any]]:
    """Turn AWS's errors into problems of the import; the error "not found" is an empty answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: dict[str, Any] = {}
    try:
        yield found
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code not in ("ResourceNotFoundException", "NotFoundException", "404"):
            raise ImportRefused([Problem(f"{what}: {error}", "account:")]) from error
    except BotoCoreError as error:
        raise ImportRefused([Problem(f"{what}: {error}", "account:")]) from error
