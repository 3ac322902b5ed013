# make run: set up and open the studio.  make test: set up and run all tests.
# make quick: those that need neither the app nor training.  make lint: style and types.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile

run: .venv/run
	$(BIN)/python app.py

test: .venv/test
	$(BIN)/python -m tests.chromium
	$(PYTEST)

quick: .venv/test
	$(PYTEST) -m "not browser and not training"

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -f xai/studio/*.pyi  # Gradio writes them when the page is built, and they may be old
	$(BIN)/pyrefly check --python-interpreter-path $(BIN)/python

.venv/pip:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "XAI Studio needs Python 3.11 or newer: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

.venv/run: requirements.txt pyproject.toml .venv/pip
	$(BIN)/python -m pip install --quiet -r requirements.txt -e .
	touch $@

.venv/test: requirements.txt pyproject.toml .venv/pip
	$(BIN)/python -m pip install --quiet -r requirements.txt -e ".[test]"
	touch $@

.PHONY: run test quick lint
