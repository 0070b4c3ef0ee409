# `make` lists the targets. `demo` and `test` need Python 3.11 or later, and install the rest into .venv.
# PORT: the port of the demo. WORKERS: the number of test processes; two per core, because many tests wait.
# COVERAGE=--cov: measure coverage too.

PYTHON ?= python3
LOCK_OPTIONS ?=
SECONDS ?= 180
PORT ?= 10924
COVERAGE ?=
WORKERS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))
WORLDS ?= 1000
PICTURES ?=

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup
INSTALL := $(BIN)/python -m pip -qq --disable-pip-version-check install
# The lock files list every package, so pip need not resolve dependencies. Without --no-deps, pip before 23.3 looks up
# the newest release of a package that is required with an extra, and fails if the lock has no hash for it.
FROM_LOCK := $(INSTALL) --no-deps --require-hashes
LOCK := $(BIN)/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-header --no-emit-index-url $(LOCK_OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick lint worlds torture soak bench docs dashboards pictures dist lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/runtime ## run the exporter against a sandbox of all vendors; PORT=10999 sets another port
	@$(BIN)/python -m exporter demo --web.listen-address=127.0.0.1:$(PORT)

test: $(VENV)/development ## run every test; fetch the servers that they need
	@scripts/fetch-servers || true
	@scripts/fetch-prism || true
	@$(PYTEST) $(COVERAGE)

test-quick: $(VENV)/development ## run the fast tests that need no servers
	@$(PYTEST) -m 'not live and not slow'

lint: $(VENV)/development ## run ruff, its formatter, and mypy --strict
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

worlds: $(VENV)/development ## compare the page with independent readers on WORLDS (1000) random worlds of each vendor
	@$(BIN)/python tests/independent/compare_worlds.py --worlds $(WORLDS)

torture: $(VENV)/development ## make every call of a poll, a scrape, a reload and a start fail in turn
	@$(BIN)/python tests/support/torture.py

soak: $(VENV)/development ## run exporters under faults, reloads, scrapes and kills at once, for SECONDS (180)
	@$(BIN)/python tests/support/soak.py $(SECONDS)

bench: $(VENV)/development ## measure what everything costs, compared with the usual tools; twenty minutes
	@$(BIN)/python -m benchmarks
	@$(BIN)/python scripts/write-figures

docs: $(VENV)/development ## regenerate the tables in the documents, and the rules
	@$(BIN)/python scripts/write-docs

dashboards: $(VENV)/development ## regenerate Grafana's dashboards
	@$(BIN)/python -m grafana.source

pictures: $(VENV)/development ## regenerate the documents' pictures, or only PICTURES; needs npm and Chromium
	@scripts/fetch-servers
	@$(BIN)/python tests/support/pictures.py $(PICTURES)

dist: $(VENV)/development ## build wheel, sdist, bill of materials and checksums into dist/
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 1700000000) $(BIN)/python -m hatchling build
	@scripts/write-sbom "$$($(BIN)/python -c 'import exporter; print(exporter.__version__)')" > dist/sbom.cdx.json
	@cd dist && sha256sum -- * > SHA256SUMS && cat SHA256SUMS

lock: $(VENV)/development ## regenerate the requirements; LOCK_OPTIONS=--upgrade uses the newest releases
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) --group build -o requirements-build.txt
	@$(LOCK) --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove everything that was installed, built or measured
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* dist tests/contracts/node_modules

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is required; choose one, for example: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/runtime: requirements.txt | $(BIN)/pip
	@echo "Installing the exporter's dependencies into $(VENV)"
	@$(FROM_LOCK) -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt pyproject.toml | $(BIN)/pip
	@echo "Installing the development dependencies into $(VENV)"
	@$(FROM_LOCK) -r requirements-dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
