# chatapp as an image: docker build -t chatapp . (or with all that belongs to it: compose.yaml).
# What it keeps is in /data. Settings are environment variables (README, "Settings").

FROM python:3.13-slim AS libraries
RUN python -m venv /venv
COPY requirements.txt /
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /requirements.txt

FROM python:3.13-slim
RUN groupadd --gid 10001 chatapp \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin chatapp \
    && install -d -o chatapp -g chatapp -m 0700 /data
COPY --from=libraries /venv /venv
WORKDIR /app
COPY wsgi.py gunicorn.conf.py ./
COPY chatapp ./chatapp
COPY templates ./templates
COPY static ./static
# The server can't write here, so what it would compile at each start is compiled now.
RUN /venv/bin/python -m compileall -q .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 CHATAPP_BIND=0.0.0.0:8000 CHATAPP_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Exit code 0 if it serves; told by Python, because there is no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# gunicorn's workers show that they live through a file, which must not wait for a disk.
CMD ["gunicorn", "-k", "gevent", "--worker-tmp-dir", "/dev/shm", "wsgi:app"]
