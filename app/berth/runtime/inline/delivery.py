"""How a result gets from the thread that runs a function to the thread that answers the request."""

import select
import socket

from berth.model.invocation import InvocationResult


class Delivery:
    """Takes results, one after the other, from one thread to another.

    `connection` is ready for reading once look() may find a result.
    """

    def __init__(self) -> None:
        self.connection, self._far_end = socket.socketpair()
        self.connection.setblocking(False)
        self._ending: InvocationResult | BaseException | None = None

    def begin(self) -> None:
        """Begin to wait for the next result."""
        self._ending = None

    def bring(self, ending: InvocationResult | BaseException) -> None:
        """Hand over a result, or what went wrong; does nothing once the delivery is closed."""
        self._ending = ending
        try:  # noqa: SIM105 - contextlib takes longer than all else here
            self._far_end.send(b".")
        except OSError:
            pass

    def look(self) -> InvocationResult | None:
        """The result, None if it is not there yet; raises what went wrong."""
        try:  # noqa: SIM105 - see bring()
            self.connection.recv(1)
        except BlockingIOError:
            pass
        if isinstance(self._ending, BaseException):
            raise self._ending
        return self._ending

    def wait(self) -> InvocationResult:
        """Wait for the result; raises what went wrong."""
        poller = select.poll()
        poller.register(self.connection, select.POLLIN)
        while (result := self.look()) is None:
            poller.poll()
        return result

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()
        self._far_end.close()
