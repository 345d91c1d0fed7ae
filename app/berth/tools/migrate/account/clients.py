"""Asking AWS: pages of answers, read only."""

from collections.abc import Iterator
from typing import Any, Protocol

from berth.tools.migrate.model.findings import ImportRefused, Problem


class Progress(Protocol):
    """Tells the user how far the reading is."""

    def __call__(self, what: str) -> None:
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
        """Call one operation; an answer of "not found" is empty. Raises ImportRefused for other errors."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("ResourceNotFoundException", "NotFoundException", "404"):
                return {}
            message = f"{service}:{operation}: {error}"
            raise ImportRefused([Problem(message, "account:")]) from error
        except BotoCoreError as error:
            raise ImportRefused([Problem(f"{service}: {error}", "account:")]) from error
        return answer

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Every entry of a list that comes in pages."""
        client = self.client(service)
        if not client.can_paginate(operation):
            yield from self._by_token(service, operation, key, arguments)
            return
        token: dict[str, Any] = {}
        paginator = client.get_paginator(operation)
        names = paginator._pagination_cfg if hasattr(paginator, "_pagination_cfg") else {}
        sent, got = names.get("input_token", "Marker"), names.get("output_token", "NextMarker")
        while True:
            answer = self.ask(service, operation, **arguments, **token)
            yield from answer.get(key) or []
            if not answer.get(got):
                return
            token = {sent: answer[got]}

    def _by_token(
        self, service: str, operation: str, key: str, arguments: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        token: dict[str, Any] = {}
        while True:
            answer = self.ask(service, operation, **arguments, **token)
            yield from answer.get(key) or []
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}
