# make run   set up and run the whole system at http://localhost:5000
# make test  set up, check and test everything

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run install test fast check bench requirements clean
.DEFAULT_GOAL := run

run: install
	@SEPARATE=$(SEPARATE) exec $(BIN)/python -m infra.local

install: .venv/installed

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bonghwa: $(PYTHON) is $$($(PYTHON) --version 2>&1): expected Python 3.11 or newer (make PYTHON=python3.12 …)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "bonghwa: a virtual environment cannot be made (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@touch $@

.venv/installed: .venv/made requirements.txt
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@

# Everything that CI runs.
test: check
	$(BIN)/python -m pytest -n 2

# The half for the inner loop: no system is started.
fast: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 -m "not system"

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks

requirements: .venv/made
	$(BIN)/python -m pip install --quiet uv
	{ echo "# What production needs, all of it pinned. Made from requirements.in: make requirements"; \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header requirements.in; } > requirements.new
	mv requirements.new requirements.txt

clean:
	rm -rf .venv
