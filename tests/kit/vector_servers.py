"""Projects made of vectors: one server for all vectors that it can answer."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kit.transports import Transport, isolation_for, open_transport
from kit.vector_cases import Vector

Find = Callable[[Vector], Transport]
# Makes a project that can answer a group of vectors; the last argument is its functions' isolation.
MakeProject = Callable[[Path, list[Vector], str], Path]


@contextmanager
def served(
    groups: Iterable[list[Vector]], make_project: MakeProject, transport: str, folder: Path
) -> Iterator[Find]:
    """Serve every group of vectors; yields the way from a vector to its server."""
    with ExitStack() as servers:
        opened = []
        for number, group in enumerate(groups):
            project = make_project(folder / f"project-{number}", group, isolation_for(transport))
            opened.append((group, servers.enter_context(open_transport(transport, project))))
        yield lambda vector: next(server for group, server in opened if vector in group)


def grouped(vectors: Iterable[Vector], key_of: Callable[[Vector], object]) -> list[list[Vector]]:
    """The vectors that one server can answer, by whatever it has to be set to."""
    groups: list[tuple[object, list[Vector]]] = []
    for vector in vectors:
        key = key_of(vector)
        group = next((group for known, group in groups if known == key), None)
        if group is None:
            groups.append((key, [vector]))
        else:
            group.append(vector)
    return [group for _, group in groups]
