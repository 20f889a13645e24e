# `make demo` and `make test` need Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test check notebook

demo: $(VENV)/ready
	$(BIN)/circuitc train examples/frac_prevs.circ
	$(BIN)/circuitc verify examples/frac_prevs.circ
	$(BIN)/circuitc render examples/frac_prevs.circ --alignment Trained --out runs/frac_prevs/diagram

test: $(VENV)/ready
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 4

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/circuitc fmt --check examples/*.circ examples/*/*.circ

notebook: $(VENV)/ready
	$(BIN)/pytest tests/test_notebook.py --accept

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@
