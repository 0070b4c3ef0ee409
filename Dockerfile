# Installs the exporter into a virtual environment that contains no build or install tools.
# BASE is any image with Python 3.11 or later. Both stages need the same one: the environment links to its Python.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
RUN python3 -m venv /build/tools && python3 -m venv --without-pip /opt/usage-exporter
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt requirements-build.txt ./
RUN tools/bin/pip install --no-deps --require-hashes -r requirements-build.txt \
 && tools/bin/pip --python /opt/usage-exporter/bin/python install --only-binary :all: --no-deps --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE config.example.yaml ./
COPY deploy/web-config.example.yml deploy/
COPY prometheus/prometheus.yml prometheus/alertmanager.yml prometheus/
COPY grafana/dashboards grafana/dashboards
COPY scripts/revision_hook.py scripts/
COPY exporter exporter
# The commit that `usage-exporter --version` shows: --build-arg REVISION=$(git rev-parse --short=12 HEAD)
ARG REVISION=
RUN mkdir state && export USAGE_EXPORTER_REVISION="${REVISION}" && tools/bin/python -m hatchling build -t wheel -d dist \
 && tools/bin/pip --python /opt/usage-exporter/bin/python install --no-deps --no-index dist/*.whl

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="usage-exporter" \
      org.opencontainers.image.description="Prometheus exporter for usage and quotas that vendors only show in their billing APIs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/usage-exporter /opt/usage-exporter
# A new volume that is mounted here takes over this owner and mode.
COPY --from=build --chown=65532:65532 --chmod=0700 /build/state /var/lib/usage-exporter
ENV PATH=/opt/usage-exporter/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /
EXPOSE 10924
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["usage-exporter", "healthcheck"]
ENTRYPOINT ["usage-exporter"]
CMD ["run", "--config.file=/etc/usage-exporter/config.yaml", "--web.listen-address=0.0.0.0:10924"]
