"""The files of a new project, as `berth new` writes them.

A project is upgraded by the number of Berth's version alone, so what could change with a version stays in the
package and in the images: these files name it.
"""

import re
from collections.abc import Mapping

WSGI = '''"""The application: `gunicorn wsgi:app` and `flask run` serve it."""

from berth import create_app

app = create_app()
'''

GUNICORN = '''"""gunicorn reads this file. A setting below the import wins over Berth's: `keepalive = 910`."""

from berth.server.gunicorn_conf import *  # noqa: F403
'''

CONFTEST = '''"""Gives tests the fixtures function_client, invoke_function and sample_event."""

pytest_plugins = ["berth.testing.plugin"]
'''

SETUP = """[tool:pytest]
testpaths = tests
addopts = -ra --import-mode=importlib
"""

REQUIREMENTS = """# What a developer and the tests need. The Dockerfile names the same version.
berth-lambda[aws,test] == VERSION
"""

DOCKERFILE = """# Berth's two images: the one that ends with -build installs functions, the other one serves.
ARG BERTH=berth:VERSION

FROM ${BERTH}-build AS build
WORKDIR /srv/berth
COPY gunicorn.conf.py wsgi.py ./
COPY manifests manifests
COPY functions functions
RUN berth function build

FROM ${BERTH}
COPY --from=build /srv/berth /srv/berth
# Imports every function as it will run; the image is not built if one fails.
RUN berth function check
"""

DOCKERIGNORE = """*
!functions
!layers
!manifests
!gunicorn.conf.py
!wsgi.py
**/__pycache__
**/.packages
**/.packages.*
**/.venv
"""

GITIGNORE = """__pycache__/
.packages/
.packages.*/
.pytest_cache/
.venv/
"""

README = """# NAME

AWS Lambda functions, served in a container by Berth.

Serve them here, on http://127.0.0.1:8000; an edited function is picked up by its next request:

    berth run

Run their tests:

    pytest

| file | |
|---|---|
| `functions/<name>/` | a function: code, `manifest.json`, sample events, `requirements.txt` if it needs one |
| `manifests/<stage>.json` | a stage; `BERTH_STAGE` chooses it, and without it `dev` |
| `tests/functions/` | a function's tests |
| `wsgi.py`, `gunicorn.conf.py` | what `gunicorn wsgi:app` serves in production, and how |
| `Dockerfile` | the image |

`berth function new orders` adds a function, `berth --help` lists all commands.

## Production

    berth serve
    docker build -t IMAGE .

The first command serves as the image does. The second one needs Berth's two images of the version that the
Dockerfile names.

## Upgrading Berth

Change the number of the version in `requirements.txt` and `Dockerfile`. Nothing else changes.
"""

_TEXTS: Mapping[str, str] = {
    "wsgi.py": WSGI,
    "gunicorn.conf.py": GUNICORN,
    "conftest.py": CONFTEST,
    "setup.cfg": SETUP,
    "requirements.txt": REQUIREMENTS,
    "Dockerfile": DOCKERFILE,
    ".dockerignore": DOCKERIGNORE,
    ".gitignore": GITIGNORE,
    "README.md": README,
}


def project_texts(name: str, version: str) -> dict[str, str]:
    """The text of each file of a project that concerns no single function, by its path."""
    image = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "functions"
    values = {"NAME": name, "VERSION": version, "IMAGE": image}
    return {
        path: re.sub(r"\b(NAME|VERSION|IMAGE)\b", lambda found: values[found[0]], text)
        for path, text in _TEXTS.items()
    }
