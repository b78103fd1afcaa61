# make run   set up and run the whole system at http://localhost:5000
# make test  set up, check and test everything

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run install test fast check nightly bench audit torture deploy-gcp teardown-gcp deploy-aws teardown-aws \
  package-aws requirements clean
.DEFAULT_GOAL := run
RUFF := $(BIN)/ruff check . && $(BIN)/ruff format --check .

run: install
	@SEPARATE=$(SEPARATE) exec $(BIN)/python -m infra.local

install: .venv/installed

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bonghwa: $(PYTHON) is $$($(PYTHON) --version 2>&1): expected Python 3.11 or newer (make PYTHON=python3.12 …)"; exit 1; }
	@$(PYTHON) -c 'import lzma' 2>/dev/null || { \
	  echo "bonghwa: $(PYTHON) was built without lzma, which packs the history: expected one with it (liblzma-dev, xz)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "bonghwa: a virtual environment cannot be made (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@touch $@

.venv/installed: .venv/made requirements.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

# With it, Python would not find what is in this folder.
unexport PYTHONSAFEPATH

# What pytest makes of the tests, which takes it seconds, is kept for the next run.
unexport PYTHONDONTWRITEBYTECODE

# Everything that CI runs. More workers than a small machine has processors, since much of a test is waiting.
WORKERS ?= 6
# What fails beside others, on a machine that may be busy, is tried once more, alone. What fails again is broken. Both runs
# are in the output. mypy takes one processor, the first time for half a minute: it runs beside the tests, and its words
# come last.
test: .venv/installed-dev
	$(RUFF)
	@$(BIN)/mypy >.venv/mypy.txt 2>&1 & mypy=$$!; \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist=loadgroup; code=$$?; \
	  [ $$code -ne 1 ] || { $(BIN)/python -m pytest --last-failed --last-failed-no-failures=none; code=$$?; }; \
	  wait $$mypy; typed=$$?; cat .venv/mypy.txt; [ $$code -ne 0 ] || code=$$typed; exit $$code

# The half for the inner loop: no system and no PostgreSQL is started, nothing is deployed, and no test takes long.
fast: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 -m "not system and not slow" -k "not postgresql and not pgbouncer" --ignore=tests/infra/clouds

check: .venv/installed-dev
	$(RUFF)
	$(BIN)/mypy

# What takes minutes and seldom finds what the others do not: every plugin of Apprise, and schemathesis over the whole API.
nightly: .venv/installed-dev
	$(BIN)/python -m pytest -m nightly

bench: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks

# Kills the running system at every boundary and at thousands of random moments, in twenty minutes or so, and fails where
# the delivery contract broke.
KILLS ?= 2000
SEED ?= 1
STORE ?= sqlite
torture: .venv/installed-dev
	EVERY_KILL=1 $(BIN)/python -m pytest -n 2 --dist=loadgroup tests/system/kills
	$(BIN)/python -m tests.torture --kills $(KILLS) --seed $(SEED) --store $(STORE)

# Google Cloud: says what it will do and asks. PROJECT is the project's id; REGION and DRY_RUN=1 if you like, and of
# deploy-gcp alone SHAPE=apart, and SEND_TEST=1, which tries every channel at the end. WITH_DATABASE=1 makes a database, or removes it.
deploy-gcp teardown-gcp: .venv/installed
	@$(BIN)/python -m infra.clouds.gcp $(@:-gcp=) --project=$(PROJECT) $(if $(REGION),--region=$(REGION)) $(if $(DRY_RUN),--dry-run) \
	  $(if $(WITH_DATABASE),--with-database) \
	  $(if $(filter deploy-gcp,$@),$(if $(SHAPE),--shape=$(SHAPE)) $(if $(SEND_TEST),--send-test))

# AWS: says what it will do and asks. REGION, DRY_RUN=1 and, of deploy-aws alone, ALARM_EMAIL and SEND_TEST=1, if you like.
# An empty ALARM_EMAIL= ends the mail. WITH_DATABASE=1 makes a database, or removes it.
deploy-aws teardown-aws: .venv/installed
	@$(BIN)/python -m infra.clouds.aws $(@:-aws=) $(if $(REGION),--region=$(REGION)) $(if $(DRY_RUN),--dry-run) \
	  $(if $(WITH_DATABASE),--with-database) \
	  $(if $(filter deploy-aws,$@),$(if $(filter undefined,$(origin ALARM_EMAIL)),,--alarm-email=$(ALARM_EMAIL)) $(if $(SEND_TEST),--send-test))

# The zip alone.
package-aws: .venv/installed
	@$(BIN)/python -m infra.clouds.aws package

# Known vulnerabilities of what production needs. Asks an advisory service on the network, so the tests do without.
audit: .venv/installed-dev
	$(BIN)/pip-audit --requirement requirements.txt --require-hashes --disable-pip --strict

# Pins what is new in the two .in files and keeps every other pin; UPGRADE=1 takes the newest of everything.
requirements: .venv/made
	$(BIN)/python -m pip install --quiet uv==0.13.9
	for file in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	    --output-file $$file.txt $$file.in || exit 1; \
	done

clean:
	rm -rf .venv
