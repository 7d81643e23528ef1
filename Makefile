# Everything a developer runs. `make` alone lists it. Each target prepares what it needs, so there
# is nothing to do first; a prepared environment is kept until its lock file changes.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python the environments are made from: 3.11 or newer.
PYTHON ?= python3
# Passed on to what the target runs, as in: make demo ARGS=--exit
ARGS ?=

# These are for this file: an inner make, such as a layer's recipe, chooses its own.
unexport PYTHON ARGS
MAKEOVERRIDES :=

VENV := .venv/bin
PREPARE = @"$(PYTHON)" -m tools.environment

# A Python that is too old is refused while this file is read, in one line, before anything else.
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
REFUSAL := $(shell "$(PYTHON)" tools/require_python.py 2>/dev/null || test $$? -eq 3 || \
  echo "ml-connector needs Python 3.11 or newer, and '$(PYTHON)' does not run: \
  install it, or name another, as in: make demo PYTHON=python3.13")
ifneq ($(REFUSAL),)
$(error $(REFUSAL))
endif
endif

.PHONY: help setup demo test test-unit test-clients soak-intacct faults-twilio faults-aws check release format bench lock accept-secrets clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

setup: ## Make .venv and the local AWS's own environment
	$(PREPARE) dev localaws

demo: ## Bills to phones in the local world; ARGS=--exit ends after the story
	$(PREPARE) sandbox localaws
	@$(VENV)/python -m sandbox.demo $(ARGS)

test: ## All tests, on the deployed template and with the SAM CLI too
	$(PREPARE) dev localaws sam checkov release microburst
	@$(VENV)/pytest -n 2 -m "not deployed and not sam" $(ARGS)
	@# These mostly wait, each file in a local world of its own: two at a time.
	@$(VENV)/pytest -n 2 --dist loadfile -m "deployed or sam" $(ARGS)

test-unit: ## The unit tests alone: seconds
	$(PREPARE) dev
	@$(VENV)/pytest tests/unit $(ARGS)

test-clients: ## Other people's Intacct clients against the simulator, over HTTPS; ARGS names some
	$(PREPARE) dev client-sageintacctsdk client-pyintacct
	@$(VENV)/python -m tests.clients $(ARGS)

soak-intacct: ## 10,000 random histories against an observer who sees all; ARGS=--seed=7 for others
	$(PREPARE) dev
	@$(VENV)/python -m tests.soak --histories 10000 $(ARGS)

faults-twilio: ## 5,000 alerts through killed processes and faults: 0 lost, 0 twice; ARGS=--seed=7
	$(PREPARE) dev
	@$(VENV)/python -m tests.faults.twilio --dispatches 5000 --minutes 30 $(ARGS)

faults-aws: ## AWS fails between functions and tables: everybody told once; ARGS=--seed=7
	$(PREPARE) dev localaws microburst
	@$(VENV)/python -m tests.faults.aws $(ARGS)

check: ## Lint, types, imports, template, security, secrets, docs, locks; ARGS names some of them
	$(PREPARE) dev checkov
	@$(VENV)/python -m tools.check $(ARGS)

release: ## What a release consists of, from what was audited and committed, in build/release/
	$(PREPARE) dev release
	@$(VENV)/python -m tools.release $(ARGS)

format: ## Format the code and mend what the linter can
	$(PREPARE) dev
	@$(VENV)/ruff check --fix-only
	@$(VENV)/ruff format

bench: ## Cold starts, layers, parsers, idle polls: tables, and JSON in bench/results/
	$(PREPARE) dev localaws
	@$(VENV)/python -m bench $(ARGS)

lock: ## Make the lock files anew from pyproject.toml; ARGS=--upgrade takes newer versions
	$(PREPARE) uv
	@"$(PYTHON)" -m tools.make_locks $(ARGS)

accept-secrets: ## List the secret scanner's present findings as harmless in .secrets.baseline
	$(PREPARE) dev
	@$(VENV)/python -m tools.check_secrets --accept

clean: ## Remove every environment, build and cache
	rm -rf .venv .local .aws-sam build
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
