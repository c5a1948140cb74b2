# Each target does its own set-up, in a fresh clone, with nothing but python3 and make.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
  BIN := .venv/Scripts
else
  BIN := .venv/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGE := $(PIP) --no-deps --no-build-isolation --editable .

.PHONY: report test lint bench soak explore clean

report: .venv/ready          ## the main job on data/sample: every school's and the LA's reports, the board page, the workbook
	$(BIN)/sendlab report

test: .venv/ready-dev lint   ## every test, notebooks included
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests sendlab
	$(BIN)/python -m pytest --nbval notebooks --no-header --override-ini=addopts=-q

lint: .venv/ready-dev        ## style, types, and the reading budget
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/budget.py

bench: .venv/ready-dev        ## seconds, CPU and peak memory of ingest, build and absence, with ratios from one run
	$(BIN)/python benchmarks/bench.py

soak: .venv/ready-dev         ## checks on many seeds: coverage of intervals, false flags, planted truths; goes on where it stopped
	$(BIN)/python tools/soak.py

explore: .venv/ready         ## JupyterLab on the explorer
	$(BIN)/sendlab explore

clean:
	rm -rf .venv .store

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement requirements.lock
	$(PACKAGE)
	touch $@

.venv/ready-dev: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement requirements-dev.lock
	$(PACKAGE)
	touch $@ .venv/ready
