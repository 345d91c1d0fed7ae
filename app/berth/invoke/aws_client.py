"""Clients of AWS's services, each made when it is used first: this needs the extra `aws`."""

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from berth.errors import QueueUnavailable

INSTALL_HINT = "needs the package boto3: pip install 'berth-lambda[aws]'"


class AwsClients:
    """The clients of one server process. Credentials and endpoints come from where boto3 finds them.

    A call that is not answered ends after about five seconds.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._session: Any = None  # its clients share what is read from boto3's files
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service; it may be used by several threads at one time."""
        key = service, region or self._region
        with self._lock:
            if key not in self._clients:
                self._session = self._session or _new_session()
                self._clients[key] = _create(self._session, *key)
            return self._clients[key]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


def has_boto3() -> bool:
    """Whether the extra `aws` is installed."""
    return importlib.util.find_spec("boto3") is not None


@contextmanager
def reaching(place: str) -> Iterator[None]:
    """Raise QueueUnavailable for what goes wrong in a call to a queue or a store that is named `place`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as refused:
        error = refused.response.get("Error", {})
        raise QueueUnavailable(f"{place}: {error.get('Code')}: {error.get('Message')}") from refused
    except BotoCoreError as failed:
        raise QueueUnavailable(f"{place}: {failed}") from failed


def _new_session() -> Any:
    from boto3.session import Session

    return Session()


def _create(session: Any, service: str, region: str) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=2,
        # The second attempt comes within a second.
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=32,
    )
    return session.client(service, region_name=region, config=config)
