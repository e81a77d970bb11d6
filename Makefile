# Two commands on a fresh machine: `make run` and `make test`. Both do their own set-up.

ARGS ?=
PYTHON ?=
export PYTHON
export PYTHONUTF8 = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt

# A checkout that was moved or copied: the scripts in its .venv point to the old place.
ifneq ($(wildcard .venv/.place),)
ifneq ($(shell cat .venv/.place),$(shell pwd -P))
$(BIN)/python: FORCE
endif
endif

.PHONY: help run test bench lint format setup clean FORCE

help:
	@echo "make run      start the application (ARGS=\"...\" are handed on)"
	@echo "make test     lint, types, import contracts, all tests"
	@echo "make bench    speed and memory against PyTorch and others, as a table"
	@echo "make lint     lint, types and import contracts alone"
	@echo "make format   let ruff rewrite the sources"
	@echo "make setup    make .venv with everything for development, and stop"
	@echo "make clean    remove .venv and caches; out/ stays"

run: .venv/.installed-run .venv/.libraries-window
	@sh resources/setup/run.sh $(ARGS)

test: lint .venv/.libraries-test
	@sh resources/setup/test.sh

bench: .venv/.installed-bench .venv/.libraries-test
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" != Linux ]; then \
		$(BIN)/python -m tests.benchmarks $(ARGS); \
	else \
		sh resources/setup/virtual.sh $(BIN)/python -m tests.benchmarks $(ARGS); \
	fi

lint: .venv/.installed-dev
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import contracts"
	@$(BIN)/lint-imports --no-logo

format: .venv/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

setup: .venv/.installed-dev

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find explorer model tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@sh resources/setup/environment.sh

.venv/.installed-run: EXTRAS = video
.venv/.installed-dev: EXTRAS = video,dev
.venv/.installed-bench: EXTRAS = video,dev,bench

.venv/.installed-%: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the Python packages ($(EXTRAS))."
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

# Not touched when something is missing: the next start looks again, and this one goes on.
.venv/.libraries-window: resources/setup/window.txt | $(BIN)/python
	@if sh resources/setup/require.sh window; then touch $@; fi

.venv/.libraries-test: resources/setup/window.txt resources/setup/display.txt | $(BIN)/python
	@if sh resources/setup/require.sh window display; then touch $@; fi
