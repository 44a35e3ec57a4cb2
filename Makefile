# `make run` and `make test` need only Python 3.11+, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find bot handlers diagnostics -name '*.py' -o -name '*.toml')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test check fix eval bench chaos audit fuzz requirements clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## start the bot: on Slack when tokens are set, else the playground in your browser
	@exec $(BIN)/mailflow run

setup: $(VENV)/.compiled ## build .venv with the `mailflow` command, nothing else
setup-dev: $(VENV)/.dev $(VENV)/.compiled

$(VENV)/.runtime: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("mailflow needs Python 3.11 or newer; set PYTHON=python3.x") if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || { echo "Setting up .venv (first time only) ..."; $(PYTHON) -m venv $(VENV); }
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# As installing does for a package that is no folder of somebody's; where PYTHONDONTWRITEBYTECODE is set, every start would compile.
$(VENV)/.compiled: $(VENV)/.runtime $(SOURCES)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q bot handlers diagnostics
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m diagnostics.ready
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt requirements-suites.txt
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@$(PIP) download --require-hashes --no-deps --no-binary :all: --no-build-isolation --dest $(VENV)/suites \
	  --requirement requirements-suites.txt || echo "The suites of requirements-suites.txt can't be had: their tests will be skipped."
	@touch $@

test: setup-dev ## the whole suite, against real parts; what is skipped says why
	@$(BIN)/pytest -n auto $(PYTEST_ARGS)

check: setup-dev ## lint, format, types, import contracts; writes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

fix: setup-dev ## what a command can mend: lint, format, the manual, what the texts teach
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/mailflow causes --markdown docs/causes
	@$(BIN)/python -m tests.learning

eval: setup-dev ## how often the diagnosis is right: CASES=folder of *.jsonl, or the project's own
	@$(BIN)/python -m tests.evaluation $(CASES)

bench: setup-dev ## the figures that the documentation quotes; LOG_MB="250 2000" for the sizes of the logs
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.logs $(LOG_MB)

chaos: setup-dev ## kill replicas, Slack and the database for MINUTES=10 under load; SEED=0 draws other faults
	@$(BIN)/python -m tests.bot.replicas $(or $(MINUTES),10) $(or $(SEED),0)

audit: setup-dev ## known vulnerabilities of what is pinned; exit code of the command 1: some, 3: it can't be told
	@$(BIN)/python -m tests.audit

fuzz: setup-dev ## look for texts that break or stall something; MINUTES=5, TARGETS="diagnose http" for some; finds stay as cases
	@$(PIP) install --require-hashes --requirement requirements-fuzz.txt || echo "Without Atheris: not guided by coverage."
	@$(BIN)/python -m tests.fuzz $(or $(MINUTES),5) $(TARGETS)
	@$(BIN)/python -m tests.fuzz.growth

requirements: setup-dev ## compile the pinned requirements anew (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml requirements-build.in --output-file requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra dev --constraint requirements.txt pyproject.toml requirements-build.in --output-file requirements-dev.txt

clean: ## remove what was built
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
