# Each target does its own set-up, in a fresh clone, with nothing but python3 and make.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGE := $(PIP) --no-deps --no-build-isolation --editable .

.PHONY: report test test-all lint bench soak explore clean

report: $(VENV)/ready          ## the main job on data/sample: every school's and the LA's reports, the board page, the workbook
	$(BIN)/sendlab report

test: $(VENV)/ready-dev lint   ## every test, notebooks included
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests sendlab
	$(BIN)/python -m pytest --nbval notebooks --no-header --override-ini=addopts=-q

test-all:                    ## all tests on each Python, with the same stored outputs; python3.11 to python3.13 on the path
	$(MAKE) test PYTHON=python3.11 VENV=.venv-3.11
	$(MAKE) test PYTHON=python3.12 VENV=.venv-3.12
	$(MAKE) test PYTHON=python3.13 VENV=.venv-3.13

lint: $(VENV)/ready-dev        ## style, types, and the reading budget
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/budget.py

bench: $(VENV)/ready-dev        ## seconds, CPU and peak memory of ingest, build and absence, with ratios from one run
	$(BIN)/python benchmarks/bench.py

soak: $(VENV)/ready-dev         ## checks on many seeds: coverage of intervals, false flags, planted truths; goes on where it stopped
	$(BIN)/python tools/soak.py

explore: $(VENV)/ready         ## JupyterLab on the explorer
	$(BIN)/sendlab explore

clean:
	rm -rf .venv .venv-* .store

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements.lock
	$(PACKAGE)
	touch $@

$(VENV)/ready-dev: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PACKAGE)
	touch $@ $(VENV)/ready
