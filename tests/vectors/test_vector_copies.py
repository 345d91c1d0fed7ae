"""The vectors beside this file are the contract's own, where the contract lies beside this repository."""

from kit.vector_cases import VECTORS, read_vectors

_CONTRACT = VECTORS.parents[2] / "shared" / "contract" / "vectors"

if _CONTRACT.is_dir():

    def test_vectors_are_the_contracts() -> None:
        contracts = {path.name: read_vectors(path) for path in _CONTRACT.glob("*.json")}
        ours = {path.name: read_vectors(path) for path in VECTORS.glob("*.json")}
        assert ours == {name: vectors for name, vectors in contracts.items() if vectors}
