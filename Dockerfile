# The help desk's image: one for web, worker and migrate (docker-compose.yml says which runs what).
# Its steps are the scripts' steps: the hash-locked packages, then `manage.py prepare`.

FROM python:3.13-slim AS build
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
WORKDIR /app
COPY requirements/uv.txt requirements/base.txt requirements/
RUN python -m venv /app/.venv \
    && .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r requirements/uv.txt \
    && .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/base.txt \
    && .venv/bin/uv pip uninstall --quiet --python .venv/bin/python uv pip
COPY . .
# The key is only there because settings ask for one; it signs nothing and stays in this stage's history.
RUN SECRET_KEY=build HELPDESK_STATIC=/app/static-files .venv/bin/python manage.py prepare --only static \
    && .venv/bin/python -m whitenoise.compress --quiet /app/static-files \
    && .venv/bin/python -m compileall -q accounts core desk helpdesk mail portal sla tickets

FROM python:3.13-slim
RUN useradd --system --user-group --uid 10001 --home-dir /data --shell /usr/sbin/nologin helpdesk \
    && install -d -o helpdesk -g helpdesk -m 0700 /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HELPDESK_DATA=/data \
    HELPDESK_STATIC=/app/static-files
USER helpdesk
VOLUME /data
EXPOSE 8000
# The web server's; a worker has its own in docker-compose.yml. Asks under the public name, as visitors do.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-m", "helpdesk.healthcheck"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--http", "1", "--no-ws", \
     "--workers", "1", "--blocking-threads", "8", "--backpressure", "256", "--workers-kill-timeout", "10", \
     "helpdesk.wsgi:application"]
