"""The commands that build an image and push it: the same sequence for docker, buildah and podman."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from berth.tools.deploy.image.registry import Repository

_Arguments = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One command, or two of which the second one reads what the first one prints.

    `title` tells people what is being done. A step that `may_fail` clears away what may not be there.
    """

    title: str
    arguments: _Arguments
    source: _Arguments = ()
    may_fail: bool = False

    @property
    def text(self) -> str:
        """The step as a line of a shell."""
        line = shlex.join(self.arguments)
        if self.source:
            line = f"{shlex.join(self.source)} | {line}"
        return f"{line} || true" if self.may_fail else line


@dataclass(frozen=True)
class Build:
    """What is built, for which platforms, and where it is pushed."""

    repository: Repository
    tag: str
    platforms: tuple[str, ...]
    context: str = "."
    dockerfile: str | None = None  # None: the one in the context
    target: str | None = None
    arguments: tuple[str, ...] = ()  # NAME=VALUE each

    @property
    def pushed(self) -> str:
        """The image's name in the registry."""
        return f"{self.repository.uri}:{self.tag}"

    @property
    def local(self) -> str:
        """The image's name on the machine that builds it."""
        return f"{self.repository.name}:{self.tag}"

    @property
    def options(self) -> _Arguments:
        """The options that every program has by the same names."""
        options = ["--platform", ",".join(self.platforms)]
        options += ["--file", self.dockerfile] if self.dockerfile else []
        options += ["--target", self.target] if self.target else []
        for each in self.arguments:
            options += ["--build-arg", each]
        return tuple(options)


def image_steps(program: str, build: Build) -> list[Step]:
    """The steps: log in, build, tag and push."""
    region, registry = build.repository.region, build.repository.registry
    password = ("aws", "ecr", "get-login-password", "--region", region)
    # A password among the arguments could be read by every user of the machine.
    login = (program, "login", "--username", "AWS", "--password-stdin", registry)
    return [Step("log in", login, password), *PROGRAMS[program](program, build)]


def _docker(program: str, build: Build) -> list[Step]:
    # Provenance would make a list of manifests of every image, which Lambda does not run.
    # https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
    made = (program, "buildx", "build", *build.options, "--provenance=false")
    if len(build.platforms) > 1:
        # Without a builder that keeps images of several platforms they can only be pushed as they are built.
        return [Step("build and push", (*made, "--tag", build.pushed, "--push", build.context))]
    return [
        Step("build", (*made, "--tag", build.local, "--load", build.context)),
        Step("tag", (program, "tag", build.local, build.pushed)),
        Step("push", (program, "push", build.pushed)),
    ]


def _buildah(program: str, build: Build) -> list[Step]:
    # The format of OCI has no HEALTHCHECK.
    made = (program, "build", "--format", "docker", *build.options)
    if len(build.platforms) == 1:
        return [
            Step("build", (*made, "--tag", build.local, build.context)),
            Step("tag", (program, "tag", build.local, build.pushed)),
            Step("push", (program, "push", build.pushed)),
        ]
    return [
        # A list that an earlier build has left would keep its images beside the new ones.
        Step("forget an earlier list", (program, "manifest", "rm", build.local), may_fail=True),
        Step("build", (*made, "--manifest", build.local, build.context)),
        Step("push", (program, "manifest", "push", "--all", build.local, f"docker://{build.pushed}")),
    ]


PROGRAMS: Mapping[str, Callable[[str, Build], list[Step]]] = {
    "docker": _docker,
    "buildah": _buildah,
    "podman": _buildah,
}
