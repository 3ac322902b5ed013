# make run: set up and open the studio.  make test: set up and run all tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

run: .venv/run
	$(BIN)/python app.py

test: .venv/test
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest

lint: .venv/test
	$(BIN)/ruff check .

.venv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/run: requirements.txt | .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/test: requirements.txt pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt -e ".[test]"
	touch $@

.PHONY: run test lint
