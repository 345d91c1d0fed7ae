"""The projects whose documents are kept in tests/deploy/golden, and how they are compared.

`pytest tests/deploy --golden` writes those documents anew; what has changed is then read as text.
"""

import os
from pathlib import Path

from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from kit.servers import ROOT

_FOLDER = ROOT / "tests" / "deploy"
# By their names: the load balancer of each.
PROJECTS = {
    "minimal": "alb",
    "article": "nlb",
    "cognito": "alb",
    "http-jwt": "alb",
    "async": "alb",
    "sam": "alb",
}


def deployment_of(name: str) -> Deployment:
    """The deployment of a project's stage `prod`, without a prefix."""
    folders = {
        "BERTH_FUNCTIONS_DIR": str(_FOLDER / "projects" / name / "functions"),
        "BERTH_MANIFESTS_DIR": str(_FOLDER / "projects" / name / "manifests"),
    }
    settings = Settings.from_environ({"PATH": os.environ["PATH"], "BERTH_STAGE": "prod", **folders})
    return read_deployment(settings, balancer=PROJECTS[name], uses_placeholder=True)


def golden(name: str, file: str) -> Path:
    """Where a document of a project is kept."""
    return _FOLDER / "golden" / name / file


def compare(kept: Path, text: str, *, is_written: bool) -> None:
    """Compare a document with the one that is kept, or keep it in that one's place."""
    if is_written:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, "utf-8")
    assert kept.read_text("utf-8") == text
