"""The manual's commands, files and examples, read from its Markdown.

A page is read as a reader follows it. What is indented, or fenced without a language, is a row of commands
if it begins with the name of a program: one command a line, or after each `$`, followed by what it prints.
A fenced text whose introduction ends with "`functions/hello/app.py`:" is that file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kit.sources import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Words at the beginning of a line that look like a program, and what such a line is instead.
NO_PROGRAMS = {"filter": "a query of CloudWatch Logs Insights"}

_PROGRAM = re.compile(r"(?:[A-Z_]+=\S* )*([a-z.][\w./-]*)(?= |$)")
_FENCE = re.compile(r" *```(\w*)$")
_INTRODUCED = re.compile(r"`([^`]+\.\w+)`:$")


@dataclass(frozen=True)
class Block:
    """A piece of a page that is code: its language, if it has one, and what introduces it."""

    language: str
    line: int
    lines: tuple[str, ...]
    introduction: str

    @property
    def text(self) -> str:
        """The block as a file."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the reader runs, and what the page says that it prints."""

    place: str
    text: str
    output: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The name of the program, without variables in front."""
        found = _PROGRAM.match(self.text)
        return found[1] if found else ""


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced or indented block of a page."""
    lines = page.read_text("utf-8").splitlines()
    at, introduction, blank = 0, "", True
    while at < len(lines):
        line, fence = lines[at], _FENCE.match(lines[at])
        end = at + 1
        if fence:
            end = next(row for row in range(at + 1, len(lines)) if lines[row].strip() == "```")
            yield Block(fence[1], at + 2, tuple(lines[at + 1 : end]), introduction)
            end += 1
        elif blank and line.startswith("    "):
            while end < len(lines) and lines[end].startswith("    "):
                end += 1
            yield Block("", at + 1, tuple(each.strip() for each in lines[at:end]), introduction)
        elif line.strip():
            introduction = line
        blank = not line.strip()
        at = end


def steps(page: Path) -> Iterator[File | Command]:
    """What a reader does who follows a page: files to write and commands to run, in their order."""
    for block in blocks(page):
        introduced = _INTRODUCED.search(block.introduction)
        if not block.language and _is_shell(block.lines[0]):
            yield from _commands(page, block)
        elif block.language == "yaml":
            yield from _commands_of_ci(page, block)
        elif block.language and introduced:
            yield File(introduced[1], block.text)
    yield from _commands_in_tables(page)


def _is_shell(line: str) -> bool:
    found = _PROGRAM.match(line)
    return line.startswith("$ ") or bool(found and found[1] not in NO_PROGRAMS)


def _commands(page: Path, block: Block) -> Iterator[Command]:
    """The commands of a block: each may go on in the next line after a backslash."""
    rows = [(number, line) for number, line in enumerate(block.lines, block.line)]
    is_console = block.lines[0].startswith("$ ")
    while rows:
        number, text = rows.pop(0)
        while text.endswith("\\"):
            text = text[:-1] + rows.pop(0)[1]
        output = []
        while is_console and rows and not rows[0][1].startswith("$ "):
            output.append(rows.pop(0)[1])
        yield Command(f"{page.name}:{number}", text.removeprefix("$ "), tuple(output))


def _commands_of_ci(page: Path, block: Block) -> Iterator[Command]:
    for number, line in enumerate(block.lines, block.line):
        if found := re.match(r" *- run: (.+)", line):
            yield Command(f"{page.name}:{number}", found[1])


def _commands_in_tables(page: Path) -> Iterator[Command]:
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if line.startswith("|"):
            yield from (
                Command(f"{page.name}:{number}", text) for text in re.findall(r"`(curl [^`]+)`", line)
            )
