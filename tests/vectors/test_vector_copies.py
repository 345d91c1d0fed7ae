"""The copies beside this file are the contract's own vectors."""

import pytest

from kit.vector_cases import COPIES, NOT_HERE, SHARED, read_vectors


@pytest.mark.skipif(not SHARED.is_dir(), reason=NOT_HERE)
def test_copies_are_the_shared_vectors_when_those_are_at_hand() -> None:
    shared = {path.name: read_vectors(path) for path in SHARED.glob("*.json")}
    copies = {path.name: read_vectors(path) for path in COPIES.glob("*.json")}
    assert copies == {name: vectors for name, vectors in shared.items() if vectors}
