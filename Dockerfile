# The server with its functions, for ECS: docs/deploy.md.
#
# The base is any Debian with Python 3.11 or newer and its venv module: the functions run on that Python.
ARG BASE=python:3.13-slim
# For requirements without a wheel: a base with the same Python and a compiler, for the builder alone.
ARG BUILDER=${BASE}

FROM ${BUILDER} AS builder
ENV PATH=/srv/venv/bin:$PATH
RUN python3 -m venv /srv/venv
WORKDIR /build
# These three files name everything that the server depends on, so an edit of any other file does not
# install the dependencies again. The package itself is incomplete here and is installed below.
COPY pyproject.toml setup.cfg ./
COPY app/berth/__init__.py app/berth/
# Lambda preinstalls boto3, so functions leave it out of their requirements.txt: the extra `aws`.
# Models of request bodies need `jsonschema` as well, tokens `jwt`: EXTRAS=aws,jsonschema,jwt.
ARG EXTRAS=aws
RUN --mount=type=cache,target=/root/.cache/pip pip install "/build[${EXTRAS}]"
COPY LICENSE ./
COPY app app
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-deps --force-reinstall /build
WORKDIR /srv/berth
COPY functions functions
# Two functions may need versions that conflict, so each function gets packages of its own.
RUN --mount=type=cache,target=/root/.cache/pip flask function install
RUN pip uninstall --yes setuptools pip
COPY manifests manifests
# Layers are optional; a COPY needs one file that is there.
COPY LICENSE layer[s] layers/
COPY gunicorn.conf.py wsgi.py LICENSE ./
# The image's user cannot write bytecode, and without bytecode every cold start would compile the function
# again. On Lambda a file that does not compile, such as a template, is no error, so it is none here.
RUN python -m compileall -q gunicorn.conf.py wsgi.py \
    && { python -m compileall -q -x '/\.packages/' functions || true; } \
    && { python -m compileall -q layers || true; } \
    && chmod -R u=rwX,go=rX .

FROM ${BASE}
# A fixed user, so that volumes can be made for it, with a name, as the user of functions has one on Lambda.
# Python's images bring a pip of their own: whoever gets into a task shall not find an installer there.
RUN groupadd --gid 10001 berth \
    && useradd --uid 10001 --gid berth --home-dir /tmp --no-create-home --shell /usr/sbin/nologin berth \
    && { python3 -m pip uninstall --yes setuptools wheel pip || true; }
# As on Lambda, /tmp is the one place to write to; libraries that keep caches put them under HOME.
ENV PATH=/srv/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
WORKDIR /srv/berth
COPY --from=builder /srv/venv /srv/venv
COPY --from=builder /srv/berth ./
# Under a read-only root /tmp is a volume of the task: it is root's with mode 755 unless the image declares it.
VOLUME ["/tmp"]
USER 10001:10001
EXPOSE 8000
# What ECS sends before it waits for stopTimeout and kills: gunicorn then lets the requests it has end.
STOPSIGNAL SIGTERM
# For Docker alone: ECS reads the task definition's health check. Slim images have no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-I", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4); c.request('GET', '/_berth/health/ready'); sys.exit(c.getresponse().status != 200)"]
# Exec form: a shell as process 1 would keep SIGTERM to itself.
ENTRYPOINT ["gunicorn", "wsgi:app"]
