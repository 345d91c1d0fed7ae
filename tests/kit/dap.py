"""An editor's side of a debugging session, in the Debug Adapter Protocol.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

Message = dict[str, Any]


class Editor:
    """One connection to a debug adapter; messages that nobody has waited for are kept."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._reading, self._writing = reading, writing
        self._sent = 0
        self._kept: list[Message] = []

    def begin(self, request: str, breakpoints: dict[Path, list[int]], **arguments: Any) -> None:
        """Launch a program or attach to one, set breakpoints in these lines, and let the program go on."""
        self.ask("initialize", adapterID="debugpy", pathFormat="path")
        begun = self._send(request, arguments)
        self.event("initialized")
        for path, lines in breakpoints.items():
            places = [{"line": line} for line in lines]
            self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=places)
        self.ask("configurationDone")
        self._answer(begun)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Send a request and return the body of its answer."""
        return self._answer(self._send(command, arguments))

    def _send(self, command: str, arguments: Message) -> int:
        self._sent += 1
        message = {"seq": self._sent, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        self._writing.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._writing.flush()
        return self._sent

    def event(self, *names: str) -> Message:
        """Wait for an event of one of these names."""
        return self._await(lambda message: message.get("event") in names)

    def _answer(self, number: int) -> Any:
        answer = self._await(lambda message: message.get("request_seq") == number)
        assert answer["success"], answer
        return answer.get("body")

    def _await(self, is_it: Callable[[Message], bool]) -> Message:
        found = next((message for message in self._kept if is_it(message)), None)
        if found is not None:
            self._kept.remove(found)
            return found
        while not is_it(message := self._read()):
            self._kept.append(message)
        return message

    def _read(self) -> Message:
        size = 0
        while line := self._reading.readline().strip():
            size = int(line.partition(b":")[2])
        assert size, "the adapter has hung up"
        message: Message = json.loads(self._reading.read(size))
        return message
