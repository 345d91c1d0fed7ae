from pathlib import Path

import pytest

from kit.imports import Source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """An empty source with an empty target beside it."""
    return Source(tmp_path / "source")
