# make demo   install everything, run real models on real reference data, open the app
# make test   install everything, run all checks and tests
# Each step is a short script or one command; what is installed follows constraints.txt.

BIN := .venv/bin
REPORTS := build/reports
# A plugin of dash for Selenium comes with dash; the tests here drive Chromium by themselves.
PYTEST := $(BIN)/python -m pytest -p no:dash -o junit_family=xunit1
# Workers of the test run; the numbers must not depend on how many there are.
JOBS ?= 2

.PHONY: help setup demo test system-packages peers check unit browser slow docs lock clean
.NOTPARALLEL:

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: .venv/.installed  ## the environment .venv with every extra
.venv/.installed: pyproject.toml constraints.txt
	@scripts/setup

demo: setup  ## four benchmarks, four models, then the app; ARGS="--no-app" leaves out the app
	@$(BIN)/assay demo $(ARGS)

test: setup system-packages peers check docs unit browser  ## everything that must pass

system-packages:  ## Chromium for the browser tests, on Debian
	@scripts/system-packages test

peers: setup  ## attribution libraries that tests compare with, in build/peers
	@scripts/peers

check: setup  ## style, types, and that imports go down only
	$(BIN)/ruff check . scripts/lock scripts/recording scripts/sharpness scripts/skips scripts/screenshot
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: setup  ## tests that need no browser; ARGS="tests/core -k store" chooses
	OMP_NUM_THREADS=1 $(PYTEST) -n $(JOBS) -m "not slow and not browser" --junitxml=$(REPORTS)/unit.xml -rs $(ARGS)

browser: setup  ## tests that drive the app in Chromium
	$(PYTEST) -m "browser and not slow" --junitxml=$(REPORTS)/browser.xml -rs $(ARGS)

slow: setup  ## minutes of real computation; not part of `make test`
	$(PYTEST) -m slow --timeout=3600 -rs $(ARGS)

docs: setup  ## build/docs/index.html; runs the tutorials
	$(BIN)/sphinx-build -E -W --keep-going -q -b html docs build/docs

lock: setup  ## write constraints.txt from .venv, after the tests have passed with it
	scripts/lock

clean:  ## remove what was built, not the environment
	rm -rf build docs/_build docs/generated
