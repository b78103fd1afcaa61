# The whole system in one container, as `make run` starts it. infra/local/README.md says how to run it for real.

FROM python:3.12-slim-bookworm AS build
WORKDIR /srv/bonghwa
COPY requirements.txt ./
# Every package comes as a wheel whose hash is known: no compiler is needed, and nothing else gets in.
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --only-binary=:all: --require-hashes --requirement requirements.txt
COPY main.py .env.example ./
COPY functions/ functions/
COPY shared/ shared/
COPY infra/ infra/
# The file system will be read-only, and Python could not keep what it compiles.
RUN .venv/bin/python -m compileall -q main.py functions shared infra

FROM python:3.12-slim-bookworm
# tini passes signals on and collects processes that lost their parent: as process 1, Python would do neither.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 10001 bonghwa \
 && useradd --system --uid 10001 --gid bonghwa --home-dir /data --no-create-home --shell /usr/sbin/nologin bonghwa \
 && install --directory --owner=bonghwa --group=bonghwa --mode=0700 /data
WORKDIR /srv/bonghwa
# It belongs to root, so that the system cannot change itself.
COPY --from=build /srv/bonghwa ./
# LOG_DIR is empty: the log goes to standard output, as JSON. In a container every caller is another machine, hence
# API_AUTH.
ENV DATABASE_URL=sqlite:////data/notifications.db \
    SPOOL_DIR=/data \
    LOG_DIR= \
    FLASK_HOST=0.0.0.0 \
    FLASK_PORT=5000 \
    API_AUTH=all \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["/srv/bonghwa/.venv/bin/python", "-m", "infra", "healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "/srv/bonghwa/.venv/bin/python", "-m", "infra.local"]
