"""The collector rests while a server makes what it keeps, and looks for garbage again after that."""

import gc
from collections.abc import Iterator

import pytest

from berth.host import garbage


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_collector_rests_inside_the_block_and_is_then_what_it_was():
    with garbage.no_collection():
        assert not gc.isenabled()
        with garbage.no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collector_works_again_after_an_error():
    with pytest.raises(LookupError), garbage.no_collection():
        raise LookupError
    assert gc.isenabled()


def test_what_a_server_has_made_by_its_start_is_never_looked_at():
    garbage.pause()
    made = [{}]
    garbage.keep_all()
    assert gc.isenabled()
    assert not any(each is made for each in gc.get_objects())
