# Two commands do everything: `make run` reads the sample report, `make test` passes the tests.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: run run-local test test-slow test-live fuzz lint advisories eval gate bench bench-live wheel clean

run: .venv/run.stamp
	$(BIN)/gouji extract agent/sample/qinglan_2023.txt

test: .venv/dev.stamp
	$(BIN)/python -m pytest

test-slow: .venv/dev.stamp
	$(BIN)/python -m pytest -m slow

test-live: .venv/dev.stamp
	@echo "The live suite asks a real model of this machine: about 4 minutes on two free cores;"
	@echo "skipped where its weights are absent (gouji model fetch)."
	$(BIN)/python -m pytest -m live -rs

# Fuzzing led by coverage, by hand: an hour over all targets, or FUZZ_SECONDS; findings stay in build/fuzz.
FUZZ_SECONDS ?= 3600
fuzz: .venv/fuzz.stamp
	$(BIN)/python -m tests.fuzz_atheris all $(FUZZ_SECONDS)

run-local: .venv/local.stamp
	@echo "A model of 1.1 GB is fetched once (half a minute on a fast line) and needs 2.1 GB of memory;"
	@echo "reading the sample takes about a minute and a half on two free cores."
	$(BIN)/gouji model fetch
	$(BIN)/gouji extract agent/sample/qinglan_2023.txt --reader model --model local

# How good is it: the fixtures of this project, offline. `make gate` fails where anything wrong was accepted.
eval: .venv/dev.stamp
	$(BIN)/gouji eval eval/gold --reader offline

gate: .venv/dev.stamp
	$(BIN)/gouji eval eval/gold --reader offline --fail-on accepted-wrong

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known advisories of the pinned versions: by a kept list, and by pip-audit where it is installed and may ask.
advisories: .venv/dev.stamp
	$(BIN)/python -m tests.advisories

bench: .venv/dev.stamp
	@for file in eval/bench_*.py; do \
		test $$file = eval/bench_live.py || $(BIN)/python -m eval.$$(basename $$file .py) || exit 1; done

bench-live: .venv/dev.stamp
	@echo "About a minute on two free cores; skipped where the weights are absent (gouji model fetch, 1.1 GB)."
	$(BIN)/python -m eval.bench_live

wheel: .venv/dev.stamp
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "gouji needs Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e .
	@touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e '.[all,dev]'
	@touch $@ .venv/run.stamp

.venv/fuzz.stamp: .venv/dev.stamp
	$(INSTALL) -e '.[all,dev,fuzz]'
	@touch $@

.venv/local.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e '.[local]'
	@touch $@ .venv/run.stamp
