"""A handler that runs for longer than gunicorn's own timeout, with the shipped configuration."""

import pytest

pytestmark = pytest.mark.system


def test_a_handler_of_70_seconds_answers_while_health_does_too(long_call):
    reply, seconds = long_call.answer.result(timeout=100)
    assert reply.status == 200
    assert seconds >= 70
    assert long_call.health.result(timeout=100) == [200] * 100
