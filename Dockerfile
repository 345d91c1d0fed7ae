# The server with its functions, for ECS: docs/deploy.md.
#
# Functions in another repository need no copy of this file. Their own begins with two stages of this one, which are
# images for that: `build` installs functions, `base` serves them. See docs/your-repository.md.
#
# BASE is any image of Debian with Python 3.11 or newer and its venv module. The functions run on that Python.
ARG BASE=python:3.13-slim
# A requirement without a wheel needs a compiler: BUILDER is then an image with the same Python and a compiler.
ARG BUILDER=${BASE}

FROM ${BUILDER} AS build
ENV PATH=/srv/venv/bin:$PATH
RUN python3 -m venv /srv/venv
WORKDIR /build
# These three files name everything that the server depends on, so an edit of any other file does not
# install the dependencies again. The package itself is incomplete here and is installed below.
COPY pyproject.toml setup.cfg ./
COPY app/berth/__init__.py app/berth/
# Lambda preinstalls boto3, so functions leave it out of their requirements.txt: the extra `aws`.
# Models of request bodies need `jsonschema` as well, tokens `jwt`, regular expressions that could take long
# `re2`: EXTRAS=aws,speed,jsonschema,jwt,re2.
ARG EXTRAS=aws,speed
RUN --mount=type=cache,target=/root/.cache/pip pip install "/build[${EXTRAS}]"
COPY LICENSE ./
COPY app app
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-deps --force-reinstall /build
WORKDIR /srv/berth
# Another repository may put its own files of these names in their place.
COPY gunicorn.conf.py wsgi.py LICENSE ./
RUN python -m compileall -q . && chmod -R u=rwX,go=rX .

FROM build AS server
RUN pip uninstall --yes setuptools pip

FROM ${BASE} AS base
# The user's id is fixed, so that volumes can be made for it; the user has a name, as on Lambda.
# Python's images bring a pip of their own. It goes: whoever breaks into a container finds no installer.
RUN groupadd --gid 10001 berth \
    && useradd --uid 10001 --gid berth --home-dir /tmp --no-create-home --shell /usr/sbin/nologin berth \
    && { python3 -m pip uninstall --yes setuptools wheel pip || true; }
# As on Lambda, /tmp is the only folder that can be written to. Libraries put their caches under HOME.
# A task is not ready before each function was imported, so a deployment that is broken is taken back.
ARG EXTRAS=aws,speed
ENV PATH=/srv/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    BERTH_CHECK=strict \
    BERTH_EXTRAS=$EXTRAS
WORKDIR /srv/berth
COPY --from=server /srv/venv /srv/venv
COPY --from=server /srv/berth ./
# With a read-only root file system /tmp is a volume of the task. Unless the image declares that volume, it
# belongs to root and nobody else can write to it.
VOLUME ["/tmp"]
USER 10001:10001
EXPOSE 8000
# ECS sends this signal, waits for stopTimeout and then kills. gunicorn finishes the requests that it has.
STOPSIGNAL SIGTERM
# Docker alone reads this; ECS reads the task definition's health check. Slim images have no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-I", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4); c.request('GET', '/_berth/health/ready'); sys.exit(c.getresponse().status != 200)"]
# The list form starts no shell: a shell as process 1 would not pass SIGTERM on to gunicorn.
ENTRYPOINT ["gunicorn", "wsgi:app"]

# From here on it is what another repository's Dockerfile does.
FROM build AS functions
COPY functions functions
COPY manifests manifests
# Layers are optional, and COPY fails without any file, so the licence is copied as well.
COPY LICENSE layer[s] layers/
# Two functions may need versions that conflict, so each function gets packages of its own.
# Without bytecode every cold start would compile the function again: the image's user cannot write any.
RUN --mount=type=cache,target=/root/.cache/pip berth function build

FROM base
COPY --from=functions /srv/berth ./
# Every function is imported as it will run. If one fails, there is no image.
RUN berth function check
