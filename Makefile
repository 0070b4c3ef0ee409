# `make` lists the targets. `demo` and `test` need Python 3.11 or later, and install the rest into .venv.
# PORT is where the demo listens. WORKERS says in how many processes the tests run: two a core, for many of them wait. COVERAGE=--cov measures coverage too.

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
# A lock names every package, so that pip has nothing to resolve. With dependencies, pip before 23.3 looks for the
# newest release of a package that is required with an extra, and stops when that has no hash in the lock.
FROM_LOCK := $(INSTALL) --no-deps --require-hashes
LOCK := $(BIN)/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-header --no-emit-index-url $(LOCK_OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick lint worlds torture soak bench docs dashboards pictures dist lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/runtime ## run the exporter against a sandbox of all vendors; PORT=10999 is where else
	@$(BIN)/python -m exporter demo --web.listen-address=127.0.0.1:$(PORT)

test: $(VENV)/development ## run every test; the servers that they need are fetched
	@scripts/fetch-servers || true
	@scripts/fetch-prism || true
	@$(PYTEST) $(COVERAGE)

test-quick: $(VENV)/development ## run the tests that take a moment and need no servers
	@$(PYTEST) -m 'not live and not slow'

lint: $(VENV)/development ## ruff, its formatter, mypy --strict
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

worlds: $(VENV)/development ## compare the page with independent readers on WORLDS (1000) random worlds of each vendor
	@$(BIN)/python tests/independent/compare_worlds.py --worlds $(WORLDS)

torture: $(VENV)/development ## fail every call of a poll, a scrape, a reload and a start in turn
	@$(BIN)/python tests/support/torture.py

soak: $(VENV)/development ## run exporters under everything at once, kills and coming and going, for SECONDS (180)
	@$(BIN)/python tests/support/soak.py $(SECONDS)

bench: $(VENV)/development ## what everything costs, beside the usual ways; twenty minutes
	@$(BIN)/python -m benchmarks
	@$(BIN)/python scripts/write-figures

docs: $(VENV)/development ## write what the documents say of the code anew
	@$(BIN)/python scripts/write-docs

dashboards: $(VENV)/development ## write Grafana's dashboards anew
	@$(BIN)/python -m grafana.source

pictures: $(VENV)/development ## draw the documents' pictures anew, or those of PICTURES; needs npm and a Chromium
	@scripts/fetch-servers
	@$(BIN)/python tests/support/pictures.py $(PICTURES)

dist: $(VENV)/development ## build wheel, sdist, bill of materials and checksums into dist/
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 1700000000) $(BIN)/python -m hatchling build
	@scripts/write-sbom "$$($(BIN)/python -c 'import exporter; print(exporter.__version__)')" > dist/sbom.cdx.json
	@cd dist && sha256sum -- * > SHA256SUMS && cat SHA256SUMS

lock: $(VENV)/development ## write the requirements anew; LOCK_OPTIONS=--upgrade takes the newest releases
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) --group build -o requirements-build.txt
	@$(LOCK) --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove .venv and what was built or measured
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* dist tests/contracts/node_modules

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one, such as: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/runtime: requirements.txt | $(BIN)/pip
	@echo "Installing what the exporter needs into $(VENV)"
	@$(FROM_LOCK) -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what development needs into $(VENV)"
	@$(FROM_LOCK) -r requirements-dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
