# Everything a newcomer needs; `make` alone lists it. What needs .venv sets it up first, when it is missing or outdated.

SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
PIP   := -m pip --quiet --quiet --disable-pip-version-check
ARGS  ?=
# Money and messages: every branch of these is taken by a test.
WHOLE := app/kernel/*,app/ledger/*,app/escrow/*,app/payments/*,app/infra/outbox/*

.DEFAULT_GOAL := help
.PHONY: help demo up test check fuzz coverage bench docs picture mutants lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## play the whole story in a world of its own, check the books, stop everything (KEEP=1 leaves it up)
	@$(BIN)/python -m embedded up --without flower --directory .run/demo $(if $(filter-out 0 no,$(KEEP)),--keep) --run $(BIN)/python -m demo $(ARGS)

up: $(READY) ## keep the whole system running, with people to play with; Ctrl-C stops it
	@$(BIN)/python -m embedded up $(ARGS) --keep --run $(BIN)/python -m demo.seed

test: $(READY) ## run the tests on throw-away services (ARGS="-k wallet" picks some)
	@$(BIN)/python -m pytest -n 4 --ignore tests/fuzz $(ARGS)

check: $(READY) ## check style, format, architecture and types, then run the tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory fuzz

fuzz: $(READY) ## send thousands of right and wrong requests, and hold every answer to the API document
	@$(BIN)/python -m pytest tests/fuzz -s $(ARGS)

coverage: $(READY) ## run the tests and see which branches they take: all of them where money and messages are kept
	@$(BIN)/coverage erase
	@PYTEST_PLUGINS=tests.traced $(BIN)/python -m pytest -n 4 --ignore tests/fuzz $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=90
	@$(BIN)/coverage report --fail-under=100 --include='$(WHOLE)'

bench: $(READY) ## measure ours beside the bare limit, check the books, write docs/measured.md (ARGS="webhook" picks some)
	@$(BIN)/python -m bench.cli $(ARGS)

docs: $(READY) ## write openapi.json and docs/state_machines.md anew, as the code has them
	@$(BIN)/python -m tests.architecture.api_document > openapi.json.new && mv openapi.json.new openapi.json
	@$(BIN)/python -m tests.architecture.diagrams > docs/state_machines.md.new && mv docs/state_machines.md.new docs/state_machines.md

picture: $(READY) ## take the pictures of the API document and of the demo for docs/, in chromium
	@$(BIN)/python -m tests.browser.picture
	@$(BIN)/python -m tests.browser.demo_picture

mutants: $(READY) ## plant lies about money, delivery and states, and see whether the tests find them out (ARGS="fee" picks some)
	@$(BIN)/python -m mutants.cli $(ARGS)

lock: ## resolve requirements.in and requirements-dev.in anew into the pinned .txt files
	@set -eu; venv=$$(mktemp -d); trap 'rm -rf "$$venv"' EXIT; $(PYTHON) -m venv "$$venv"; \
	"$$venv/bin/python" $(PIP) install -r requirements.in; \
	"$$venv/bin/python" $(PIP) freeze > requirements.txt; \
	"$$venv/bin/python" $(PIP) install -r requirements-dev.in; \
	"$$venv/bin/python" $(PIP) freeze | grep -vxFf requirements.txt > "$$venv/rest"; \
	{ echo "-r requirements.txt"; cat "$$venv/rest"; } > requirements-dev.txt

clean: ## remove the data of the embedded servers, .venv and all caches
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m embedded clean; else rm -rf .run; fi
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

$(READY): $(BIN)/pip requirements.txt requirements-dev.txt
	@echo "Installing the requirements into $(VENV) …"
	@$(BIN)/python $(PIP) install -r requirements-dev.txt
	@touch $@

$(BIN)/pip:
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' 2>/dev/null || { \
	echo "Amana needs Python 3.11 or later. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
