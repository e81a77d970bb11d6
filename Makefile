# Two commands on a fresh machine: `make run` and `make test`. Both do their own set-up.

ARGS ?=
PYTHON ?=
export PYTHON
export PYTHONUTF8 = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt

# Stamps: what is there already. With them a second start installs nothing.
RUN = .venv/.installed-run
DEV = .venv/.installed-dev
BENCH = .venv/.installed-bench
WINDOW = .venv/.libraries-window
DISPLAYS = .venv/.libraries-display

# Where .venv was made: its scripts name that place, so a checkout that moved gets a new one.
PLACE = .venv/.place
ifneq ($(shell [ -x $(BIN)/python ] && cat $(PLACE) 2>/dev/null),$(shell pwd -P))
$(PLACE): FORCE
endif

.DEFAULT_GOAL = help
.PHONY: help run test test-quick bench lint format setup clean FORCE

help:
	@echo "make run         start the application (ARGS=\"...\" are handed on)"
	@echo "make test        lint, types, import contracts, all tests"
	@echo "make test-quick  the same without tests that open the window, start programs, need OpenGL or take seconds"
	@echo "make bench       speed and memory against PyTorch and others, as a table"
	@echo "make lint        lint, types and import contracts alone"
	@echo "make format      let ruff rewrite the sources"
	@echo "make setup       make .venv with everything for development, and stop"
	@echo "make clean       remove .venv and caches; out/ stays"

run: $(RUN) $(if $(DISPLAY)$(WAYLAND_DISPLAY),$(WINDOW),$(DISPLAYS))
	@sh resources/setup/run.sh $(ARGS)

test: lint $(DISPLAYS)
	@sh resources/setup/test.sh

test-quick: lint $(WINDOW)
	@sh resources/setup/test.sh --quick

bench: $(BENCH) $(DISPLAYS)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" != Linux ]; then \
		$(BIN)/python -m tests.benchmarks $(ARGS); \
	else \
		sh resources/setup/virtual.sh $(BIN)/python -m tests.benchmarks $(ARGS); \
	fi

lint: $(DEV)
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import contracts"
	@$(BIN)/lint-imports --no-logo

format: $(DEV)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

setup: $(DEV)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find explorer model tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(PLACE):
	@sh resources/setup/environment.sh

$(RUN): EXTRAS = video
$(DEV): EXTRAS = video,dev
$(DEV): CONTAINED = $(RUN)
$(BENCH): EXTRAS = video,dev,bench
$(BENCH): CONTAINED = $(RUN) $(DEV)

$(RUN) $(DEV) $(BENCH): $(PLACE) pyproject.toml constraints.txt
	@echo "Installing Python packages into .venv: the first time, some minutes on a slow line."
	@$(PIP) hatchling
	@$(PIP) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $(CONTAINED) $@

# Not touched when something is missing: this start goes on, and the next one looks again.
$(WINDOW): resources/setup/window.txt | $(PLACE)
	@if sh resources/setup/require.sh window; then touch $@; fi

$(DISPLAYS): resources/setup/window.txt resources/setup/display.txt | $(PLACE)
	@if sh resources/setup/require.sh window display; then touch $(WINDOW) $@; fi
