"""Asking AWS: pages of answers, read only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from berth.tools.migrate.model.findings import ImportRefused, Problem

# Makes the client of a service, by the service's name.
Clients = Callable[[str], Any]
# How often a request is tried that AWS throttles, with pauses between.
_MOST_ATTEMPTS = 8


class Progress(Protocol):
    """Tells the user how far the reading is."""

    def __call__(self, what: str, /) -> None:
        """Say what is being read now."""


def boto_clients(region: str) -> Clients:
    """Makes boto3's clients, which wait and try again where AWS throttles."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(region_name=region or None)
    config = Config(retries={"mode": "standard", "max_attempts": _MOST_ATTEMPTS})
    return lambda service: session.client(service, config=config)


class Account:
    """The services of one account and region; clients are made when they are asked for."""

    def __init__(self, clients: Clients, progress: Progress) -> None:
        self.progress = progress
        self._make = clients
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region that is read; raises ImportRefused where nobody says it."""
        with _refusing("lambda") as found:
            found["region"] = self._client("lambda").meta.region_name
        return str(found.get("region", ""))

    def ask(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation; what does not exist is an empty answer. Raises ImportRefused."""
        with _refusing(f"{service}:{operation}") as found:
            answer = getattr(self._client(service), operation)(**arguments)
            found.update({key: each for key, each in answer.items() if key != "ResponseMetadata"})
        return found

    def list(self, service: str, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        """Every entry of a list, which AWS answers in pages; raises ImportRefused."""
        made: list[dict[str, Any]] = []
        with _refusing(f"{service}:{operation}"):
            client = self._client(service)
            if client.can_paginate(operation):
                for page in client.get_paginator(operation).paginate(**arguments):
                    made += page.get(key) or []
                return made
            token: dict[str, Any] = {}
            while True:
                answer = getattr(client, operation)(**arguments, **token)
                made += answer.get(key) or []
                if not answer.get("NextToken"):
                    break
                token = {"NextToken": answer["NextToken"]}
        return made

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]


@contextmanager
def _refusing(what: str) -> Iterator[dict[str, Any]]:
    """Turn AWS's errors into problems of the import; the error "not found" is an empty answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: dict[str, Any] = {}
    try:
        yield found
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code not in ("ResourceNotFoundException", "NotFoundException"):
            raise ImportRefused([Problem(f"{what}: {error}", "account:")]) from error
    except BotoCoreError as error:
        raise ImportRefused([Problem(f"{what}: {error}", "account:")]) from error
