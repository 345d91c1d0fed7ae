"""Variables take each other's place for Python, for C and for new processes."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from berth.runtime.inline.variables import Variables

PRINT = "import os; print(os.environ.get('OF_FIRST'), os.environ.get('OF_SECOND'))"
# A system whose C library takes the arrays of others for its own.
ELSEWHERE = f"""
import os, subprocess, sys
platform, sys.platform = sys.platform, "darwin"
from berth.runtime.inline.variables import Variables
sys.platform = platform

def show():
    subprocess.run([sys.executable, "-c", {PRINT!r}], check=True)

server = Variables.at_present()
first = Variables.of({{**os.environ, "OF_FIRST": "1"}})
first.put(server)
show()
os.environ["OF_SECOND"] = "2"
show()
server.put(Variables.at_present())
show()
first.put(server)
show()
"""
# What C has once Python's own exit handlers have run: Python frees its memory after that.
AT_EXIT = """
import atexit, ctypes, os
environ = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ")
ours = []

def look():
    assert environ.value not in map(ctypes.addressof, ours)
    first.put(server)  # by a thread that still runs a handler
    array = ctypes.cast(environ.value, ctypes.POINTER(ctypes.c_char_p))
    print([text for text in array[: len(os.environb)] if text.startswith(b"HOME=")], array[count])

atexit.register(look)
from berth.runtime.inline.variables import Variables

server = Variables.at_present()
first = Variables.of({"OF_FIRST": "1"})
first.put(server)
if {is_in_the_middle}:
    count = 1
else:
    server.put(Variables.at_present())
    count = len(os.environb)
ours += [server._array, first._array]
"""


@pytest.fixture(autouse=True)
def server() -> Iterator[Variables]:
    """The variables of the test's own process, which are in place again after the test."""
    variables = Variables.at_present()
    yield variables
    variables.put(Variables.at_present())


def _seen_by_a_new_process() -> str:
    program = [sys.executable, "-S", "-c", PRINT]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()


def test_new_processes_have_what_is_in_place(server: Variables) -> None:
    first, second = Variables.of({"OF_FIRST": "1"}), Variables.of({"OF_SECOND": "2"})
    first.put(server)
    assert (dict(os.environ), _seen_by_a_new_process()) == ({"OF_FIRST": "1"}, "1 None")
    second.put(first)
    assert (dict(os.environ), _seen_by_a_new_process()) == ({"OF_SECOND": "2"}, "None 2")
    server.put(second)
    assert ("OF_SECOND" in os.environ, _seen_by_a_new_process()) == (False, "None None")


def test_what_is_in_place_is_not_copied_unless_c_has_replaced_it(server: Variables) -> None:
    first = Variables.of({"OF_FIRST": "1"})
    first.put(server)
    os.environ["OF_FIRST"] = "2"
    assert Variables.at_present() is first
    os.environ["OF_SECOND"] = "3"
    assert Variables.at_present() is not first


def test_variables_that_are_set_in_c_alone_stay(server: Variables) -> None:
    first = Variables.of({})
    first.put(server)
    os.putenv("OF_FIRST", "C's")
    first = Variables.at_present()
    server.put(first)
    assert _seen_by_a_new_process() == "None None"
    first.put(server)
    assert _seen_by_a_new_process() == "C's None"


def test_no_array_of_c_is_used_once_c_has_given_it_back(server: Variables) -> None:
    players = [server, Variables.of({"OF_FIRST": "1"}), Variables.of({"OF_SECOND": "2"})]
    for number in range(300):
        for index, player in enumerate(players):
            player.put(Variables.at_present())
            os.environ[f"NAME_{number}_OF_{index}"] = "x" * number
            players[index] = Variables.at_present()
    seen = []
    for player in players:
        player.put(Variables.at_present())
        env = subprocess.run(["/usr/bin/env"], capture_output=True, text=True, check=True).stdout
        seen.append([line.count("x") for line in env.splitlines() if line.startswith("NAME_")])
        for name in [name for name in os.environ if name.startswith("NAME_")]:
            del os.environ[name]
    assert seen == [list(range(300))] * 3


@pytest.mark.parametrize(("is_in_the_middle", "left"), [(False, "[b'HOME=/h'] None\n"), (True, "[] None\n")])
def test_c_has_an_array_of_its_own_after_pythons_end(is_in_the_middle: bool, left: str) -> None:
    program = AT_EXIT.replace("{is_in_the_middle}", str(is_in_the_middle))
    environ = {"HOME": "/h", "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, left, "")


def test_a_dictionary_in_the_place_of_the_variables_is_left_alone(server: Variables) -> None:
    first = Variables.of({"OF_FIRST": "1"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", own := {"OWN": "1"})
        first.put(Variables.at_present())
        server.put(Variables.at_present())
    assert own == {"OWN": "1"}
    assert "OF_FIRST" not in os.environ


def test_where_c_may_take_the_array_variables_are_changed_one_by_one() -> None:
    ran = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=False)
    assert (ran.stdout.splitlines(), ran.stderr) == (["1 None", "1 2", "None None", "1 2"], "")
