# make demo   train on sample clips, make masks, measure them, draw them (needs a quarter of an hour on two cores)
# make test   the linter and the whole test suite, on the host that comes with boxmask; where PYTRACKING_ROOT names a
#             checkout of pytracking, then on that one too
# make docs   the API pages, from the docstrings, in build/docs
# make test-browser   the review page in a headless Chromium: the one that BROWSER names, or one on the PATH
# make trust  the long forms of the tests of docs/reliability.md, then make coverage and make mutation (hours)
# All make .venv first and install the pinned versions of constraints.txt into it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

BROWSER ?= $(shell command -v chromium chromium-browser google-chrome chromium-headless-shell | head -n 1)

.PHONY: demo test docs test-browser trust coverage mutation install clean

demo: install
	$(BIN)/python -m boxmask demo

test: install
	$(BIN)/ruff check .
	env -u PYTRACKING_ROOT $(BIN)/python -m pytest
ifneq ($(PYTRACKING_ROOT),)
	$(BIN)/python -m pytest
endif

docs: install
	$(BIN)/python docs/build_api.py build/docs

test-browser: install
	@test -n "$(BROWSER)" || { echo "no Chromium on the PATH: apt-get install chromium, or make $@ BROWSER=..."; exit 1; }
	BOXMASK_BROWSER=$(BROWSER) $(BIN)/python -m pytest tests/browser

FUZZ ?= 1000000
TRUST := tests/trust tests/generate/test_kill.py tests/standalone/test_trainer_kill.py

trust: $(VENV)/trust
	BOXMASK_TRUST=1 BOXMASK_FUZZ=$(FUZZ) BOXMASK_KILLS=50 $(BIN)/python -m pytest -s $(TRUST)
	$(MAKE) coverage mutation

# Lines that the suite runs, but for those that only other processes run.
coverage: $(VENV)/trust
	$(BIN)/python -m pytest --cov=boxmask --cov=ltr --cov=pytracking --cov-report=term --cov-fail-under=90

mutation: $(VENV)/trust
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut export-cicd-stats
	$(BIN)/python tests/trust/mutation_score.py 85

$(VENV)/trust: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[trust]'
	touch $@

install: $(VENV)/installed

# torch first and by its exact version: on machines without a GPU a range would fetch gigabytes of CUDA libraries.
$(VENV)/installed: constraints.txt pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
