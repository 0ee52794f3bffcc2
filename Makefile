# A machine with Python 3.11 or newer and make is all this needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help env run test format lint types schema-check tests audits bench campaign peers schema docs lock clean

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | sort | awk -F '\t' '{printf "make %-14s %s\n", $$1, $$2}'

$(VENV)/run.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

env: $(VENV)/run.stamp   ## what the gateway runs in, without starting anything

run: $(VENV)/run.stamp   ## the gateway and an Omneo to talk to, ended by Ctrl-C
	@$(BIN)/python scripts/run.py

test: format lint types schema-check tests   ## everything a change must pass

format: $(VENV)/dev.stamp   ## the code is formatted
	$(BIN)/ruff format --check .

lint: $(VENV)/dev.stamp   ## the linter has nothing to say
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp   ## mypy strict
	$(BIN)/mypy

schema-check: $(VENV)/dev.stamp   ## schema.graphql is what schema/ prints
	@$(BIN)/python -m schema | diff -u schema.graphql - || { echo "schema.graphql is out of date: make schema" >&2; exit 1; }

tests: $(VENV)/dev.stamp audits   ## pytest, warnings as errors
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || \
	echo "left out: tests/test_page.py, because there is no chromium"
	$(BIN)/pytest -q -n 2

audits:          ## fetch the audits of GraphQL over HTTP, where npm is at hand
	@cd tests/http_audits && if ! command -v npm >/dev/null; then echo "left out: tests/test_http_audits.py, because there is no npm"; \
	elif ! test node_modules/.package-lock.json -nt package-lock.json; then npm ci --silent --no-audit --no-fund || \
	{ test -z "$$CI" && echo "left out: tests/test_http_audits.py, because npm could not fetch them"; }; fi

bench: $(VENV)/run.stamp peers   ## speed beside the peers', as ratios; minutes of a machine that does nothing else
	@$(BIN)/python -m benchmarks.speed $(BENCH)

campaign: $(VENV)/dev.stamp   ## 5,000 faulted writes through real gateways: no key may have two benefits (docs/writes.md)
	@$(BIN)/python -m benchmarks.real_campaign --writes 5000 $(CAMPAIGN)

peers:           ## fetch the servers to compare with, where npm is at hand
	@cd benchmarks/peers && if ! command -v npm >/dev/null; then echo "left out: the peers, because there is no npm"; \
	elif ! test node_modules/.package-lock.json -nt package-lock.json; then npm ci --silent --no-audit --no-fund || \
	echo "left out: the peers, because npm could not fetch them"; fi

schema: $(VENV)/run.stamp   ## print the schema into schema.graphql
	$(BIN)/python -m schema > schema.graphql

docs: $(VENV)/run.stamp   ## write docs/access.md and docs/errors.md from the code
	$(BIN)/python -m scripts.docs

lock: $(VENV)/dev.stamp   ## resolve the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:           ## remove what was made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .state tests/http_audits/node_modules benchmarks/peers/node_modules
