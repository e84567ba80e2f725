# Everything a developer or an operator types. `make` alone lists it.
#
# Targets and paths are relative, so that the tree may lie in any folder, also
# in one with a space in its name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The interpreter that makes the virtual environment: `make PYTHON=/path up`.
PYTHON ?=
# What is handed on: `make up ARGS="--port 9000"`, `make test ARGS="-k ledger"`.
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
LOCKS := requirements/runtime.txt requirements/dev.txt

# Ctrl-C reaches make and the program alike, and make waits until the program has
# ended in its own time. SIGTERM reaches make alone, which hands it to its child:
# `exec` makes that the program and not a shell around it.
RUN := @exec

##@ Use
.PHONY: help up story
help: ## List what can be done
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

up: $(VENV)/.runtime ## Serve the product; ARGS="--port 9000 --data DIR --empty"
	$(RUN) $(PY) -m answerable up $(ARGS)

story: $(VENV)/.runtime ## Play one comment through a throw-away stack
	$(RUN) $(PY) -m answerable story --throwaway $(ARGS)

# All tests at once: most of them wait for Temporal's server or for a browser most of the time.
# A file stays in one process, so that its fixtures are made once.
AT_ONCE := --numprocesses 3 --dist loadfile --no-loadscope-reorder

##@ Develop
.PHONY: test test-browser screenshots lint texts format bench
test: $(VENV)/.dev ## Run all tests; ARGS="tests/domain -k claim"
	$(RUN) $(PY) -m pytest $(or $(ARGS),$(AT_ONCE))

test-browser: $(VENV)/.dev ## The same for what only a browser can tell; needs chromium
	$(RUN) $(PY) -m pytest tests/browser $(ARGS)

screenshots: $(VENV)/.dev ## Picture every page of the sample data; ARGS="--docs --only queue"
	$(RUN) $(PY) -m tests.screens $(ARGS)

lint: $(VENV)/.dev ## Check style, types and the direction of imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

texts: $(VENV)/.dev ## Bring the catalogues of all languages up to date with the code
	$(PY) -m texts.catalogues

format: $(VENV)/.dev ## Put the code into its format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/.dev ## Measure against a bare workflow; bench/results/latest.json
	$(RUN) $(PY) -m bench $(ARGS)

##@ Keep
.PHONY: install lock chaos histories clean
install: $(VENV)/.dev ## Make .venv with all that these targets need, then go offline

lock: ## Lock the dependencies anew, with uv; ARGS="--upgrade"
	@command -v uv >/dev/null || { echo 'make lock needs uv on the PATH: pip install uv' >&2; exit 1; }
	$(COMPILE) --extra embedded --extra build -o requirements/runtime.txt
	$(COMPILE) --extra dev -c requirements/runtime.txt -o requirements/dev.txt

chaos: $(VENV)/.dev ## Kill worker, api and Temporal at random under 500 cases; lose nothing
	$(RUN) $(PY) -m tests.chaos $(ARGS)

histories: $(VENV)/.dev ## Save histories of today's workflows for the replay tests
	ANSWERABLE_RECORD_HISTORIES=tests/histories $(PY) -m pytest tests/workflows -k "not replay and not postgresql"

clean: ## Remove .venv and all caches; the data folder stays
	rm -rf $(VENV) api/static/vendor dist build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One lock for every system and every Python from 3.11 on. It carries hashes and
# names no index, so that a mirror serves as well.
# Of django-htmx the build takes files for browsers, and nothing that would need Django.
WITHOUT := django asgiref sqlparse
COMPILE := uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-emit-find-links \
  $(WITHOUT:%=--no-emit-package %) \
  --custom-compile-command 'make lock' $(ARGS)

# --- The virtual environment ----------------------------------------------------
# Three stamps, each left only by a step that went through to its end. A later
# run installs again when the lock or pyproject.toml has changed, and otherwise
# touches no network. `-e` without build isolation takes its builder, hatchling,
# from the lock too.

$(VENV)/.created:
	@python=$$(for candidate in "$(PYTHON)" python3.13 python3.12 python3.11 python3 python; do \
	  [ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1 && { echo "$$candidate"; break; }; \
	done); \
	[ -n "$$python" ] || { \
	  echo 'Python 3.11 or newer is missing: none of python3.13, python3.12, python3.11, python3' >&2; \
	  echo 'on the PATH is one. Install it, or name it: make PYTHON=/path/to/python3 up' >&2; \
	  exit 1; }; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV) || { \
	  echo 'The virtual environment could not be made. On Debian and Ubuntu the package' >&2; \
	  echo 'python3-venv is missing.' >&2; \
	  exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt pyproject.toml hatch_build.py
	@echo 'Installing what the product needs'
	$(call install,requirements/runtime.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.created $(LOCKS) pyproject.toml hatch_build.py
	@echo 'Installing what the product and its tests need'
	$(call install,requirements/dev.txt)
	@touch $(VENV)/.runtime $@

define install
	@if command -v uv >/dev/null; then \
	  pip='uv pip'; set -- --quiet --python $(PY); \
	else \
	  pip='$(PY) -m pip'; set -- --quiet --disable-pip-version-check; \
	fi; \
	$$pip install "$$@" --no-deps --require-hashes -r $(1) && \
	$$pip install "$$@" --no-deps --no-build-isolation -e .
endef
