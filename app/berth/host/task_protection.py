"""Task scale-in protection: ECS lets a task live while long invocations run in it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import json
import logging
import math
import threading
import time

from berth.host.ecs import call_agent

log = logging.getLogger("berth")

_REQUEST_SECONDS = 5.0
_CLOSE_SECONDS = 1.0  # the end of the server waits no longer; ECS ends a protection in time anyway
_MAX_RETRY_SECONDS = 60.0


class TaskProtection:
    """Keeps scale-in and deployments from ending this task while any long invocation runs.

    It counts the invocations of this process only. No invocation waits for the agent: a thread
    talks to it, and sees to it that the state at the agent becomes the wanted one in the end.
    """

    def __init__(
        self, agent_uri: str, after_seconds: float, expires_minutes: float = 60, retry_seconds: float = 5
    ) -> None:
        self._uri = f"{agent_uri.rstrip('/')}/task-protection/v1/state"
        self._after_seconds = after_seconds
        self._expires_minutes = max(1, math.ceil(expires_minutes))  # ECS takes whole ones
        self._renew_seconds = expires_minutes * 60 / 2
        self._first_retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._long_at: dict[object, float] = {}  # when each running invocation becomes long
        self._thread: threading.Thread | None = None
        self._looks_at = math.inf  # an invocation that is long earlier has to wake the thread
        self._ends_at: float | None = None  # when close() has waited enough
        # Only the thread uses these.
        self._renew_at = -math.inf  # when protection has to be set, or set again
        self._may_last_until = -math.inf  # from then on the task is surely not protected
        self._retry_at = -math.inf
        self._retry_seconds = 0.0  # 0 unless the last request failed

    def begin(self, *, is_long: bool = False) -> object:
        """Count one invocation, as a long one from its start or once it has run long enough, until end()."""
        invocation = object()
        with self._changed:
            if self._ends_at is not None:
                return invocation
            seconds = 0 if is_long else self._after_seconds
            long_at = self._long_at[invocation] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="berth-task-protection", daemon=True)
                self._thread.start()
            elif long_at < self._looks_at:
                self._looks_at = long_at
                self._changed.notify_all()
        return invocation

    def end(self, invocation: object) -> None:
        """Count the invocation of begin() no more."""
        with self._changed:
            long_at = self._long_at.pop(invocation, math.inf)
            now = time.monotonic()
            if long_at <= now and not self._is_wanted(now):
                self._changed.notify_all()

    def close(self) -> None:
        """Clear the protection, if the agent answers in time, and end the thread."""
        with self._changed:
            if self._ends_at is None:
                self._ends_at = time.monotonic() + _CLOSE_SECONDS
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(_CLOSE_SECONDS + 0.2)  # a request that is under way may take longer

    def _is_wanted(self, now: float) -> bool:
        return any(long_at <= now for long_at in self._long_at.values())

    def _run(self) -> None:
        while (is_enabled := self._await_request()) is not None:
            self._put(is_enabled, _REQUEST_SECONDS)
        now = time.monotonic()
        if self._may_last_until > now:
            self._put(False, (self._ends_at or now) - now)

    def _await_request(self) -> bool | None:
        """Wait until the agent has to be told something: the state; None at the end."""
        with self._changed:
            while self._ends_at is None:
                now = time.monotonic()
                is_wanted, tell_at = self._next_request(now)
                if tell_at <= now:
                    self._looks_at = -math.inf  # it looks again anyway when the agent has answered
                    return is_wanted
                self._wait(now, is_wanted, tell_at)
            return None

    def _next_request(self, now: float) -> tuple[bool, float]:
        """Which state is wanted, and when the agent has to be told; never is infinite."""
        if self._is_wanted(now):
            return True, max(self._renew_at, self._retry_at)
        return False, self._retry_at if self._may_last_until > now else math.inf

    def _wait(self, now: float, is_wanted: bool, tell_at: float) -> None:
        next_long_at = math.inf if is_wanted else min(self._long_at.values(), default=math.inf)
        wake_at = min(tell_at, next_long_at)
        # One more long invocation changes nothing while protection is wanted already.
        self._looks_at = -math.inf if is_wanted else wake_at
        self._changed.wait(min(wake_at - now, threading.TIMEOUT_MAX))

    def _put(self, is_enabled: bool, seconds: float) -> None:
        state: dict[str, object] = {"ProtectionEnabled": is_enabled}
        if is_enabled:
            state["ExpiresInMinutes"] = self._expires_minutes
        try:
            answer = call_agent(self._uri, seconds, "PUT", json.dumps(state))
            # ECS refuses with status 200 as well, TASK_NOT_VALID outside of a service for one.
            if refusal := answer.get("failure") or answer.get("error"):
                raise ValueError(f"refused: {refusal!r:.300}")
        except (OSError, ValueError) as error:
            self._fail(is_enabled, error)
        else:
            self._succeed(is_enabled)

    def _succeed(self, is_enabled: bool) -> None:
        now = time.monotonic()
        self._renew_at = now + self._renew_seconds if is_enabled else -math.inf
        self._may_last_until = now + self._expires_minutes * 60 if is_enabled else -math.inf
        self._retry_at, self._retry_seconds = -math.inf, 0.0

    def _fail(self, is_enabled: bool, error: Exception) -> None:
        """A request without a good answer may have been heard all the same."""
        now = time.monotonic()
        if not self._retry_seconds:
            log.warning("ECS task protection at %s cannot be changed: %s", self._uri, error)
        if is_enabled:
            self._may_last_until = now + self._expires_minutes * 60
        self._renew_at = -math.inf
        self._retry_seconds = min(_MAX_RETRY_SECONDS, 2 * self._retry_seconds or self._first_retry_seconds)
        self._retry_at = now + self._retry_seconds
