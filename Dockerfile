# The gateway: dependencies from the hashed lock, no compiler, no pip, no root.
FROM python:3.11-slim AS dependencies
COPY requirements.lock .
RUN python -m venv --without-pip /venv \
 && python -m pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim AS base
RUN useradd --system --uid 10001 --home-dir /app gateway \
 && install -d -o gateway /state /credentials
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=dependencies /venv /venv
WORKDIR /app

# Not part of the gateway's image: an Omneo to try it with, and the credentials of compose.yaml.
FROM base AS sandbox
COPY sandbox sandbox
COPY scripts/credentials.py scripts/credentials.py
USER 10001
EXPOSE 8001
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8001/api/health', timeout=2)"]
CMD ["python", "-m", "sandbox", "--host", "0.0.0.0", "--port", "8001"]

FROM base AS gateway
COPY *.py ./
COPY serving serving
COPY execution execution
COPY schema schema
COPY resolvers resolvers
COPY loaders loaders
COPY writes writes
COPY omneo omneo
# A read-only container could not keep what Python compiles, and would compile it at every start.
RUN python -m compileall -q .
USER 10001
ENV HOST=0.0.0.0 PORT=8000 STATE_DB=/state/state.db
VOLUME /state
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["python", "gateway.py"]
