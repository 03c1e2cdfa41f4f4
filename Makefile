# Two commands do all the set-up: `make run` serves, `make test` runs every check and test.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check python-tests node-tests proof proof-workers proof-machines proof-short rolling truth truth-short soak soak-short autobahn autobahn-long timed bench deploy-check screenshots clean

run: $(VENV)/.run
	$(BIN)/gunicorn -k gevent wsgi:app

test: check node-tests python-tests

# What the code must satisfy before it is run: lint, format, types, syntax.
check: $(VENV)/.test
	bin/need-node
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node --experimental-vm-modules --no-warnings bin/check-modules.mjs $$(find static/js tests/js bin -name '*.js' -o -name '*.mjs')

python-tests: $(VENV)/.test
	bin/need-chromium
	bin/need-logrotate
	bin/need-postgres

	bin/need-nginx $(VENV)/nginx
	# Four at a time on two cores: they wait as much as they compute. In the order of tests/conftest.py.
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

node-tests:
	bin/need-node
	node --test tests/js/*.test.mjs

# The proof that the chat loses nothing, doubles nothing and keeps the order, over 200 kills of the server (tests/proof).
proof: $(VENV)/.test
	$(BIN)/python -m tests.proof --kills 200

# The same with four workers, of which mostly one is killed at a time.
proof-workers: $(VENV)/.test
	$(BIN)/python -m tests.proof --kills 200 --workers 4

# The same with two servers and one PostgreSQL, of which workers, servers and the database are killed.
proof-machines: $(VENV)/.test
	bin/need-postgres
	$(BIN)/python -m tests.proof.machines --kills 100

# The same over 10 kills; the tests do it over 6, with one worker and with four.
proof-short: $(VENV)/.test
	$(BIN)/python -m tests.proof --kills 10

# Two servers behind nginx, restarted one after the other under load, 20 times each; the tests do it twice.
rolling: $(VENV)/.test
	bin/need-nginx $(VENV)/nginx
	$(BIN)/python -m tests.proof.rolling --rounds 20

# The truth test of the logs: what viewers are told is what was written, over 10,000 operations on files (tests/truth).
truth: $(VENV)/.test
	bin/need-logrotate
	$(BIN)/python -m tests.truth --operations 10000

# The same over 500 operations; the tests run it too.
truth-short: $(VENV)/.test
	bin/need-logrotate
	$(BIN)/python -m tests.truth --operations 500

# The Autobahn test suite against an echo on this engine: 2 minutes, and 385 cases by each of two ways in (tests/conformance).
# It is written for Python 2.7, which bin/need-python27 looks for, or which is named: make PYTHON27=/path/to/python2.7 autobahn
autobahn: $(VENV)/.test
	$(BIN)/python -m tests.conformance

# The same with the 132 cases of long compressed messages: 20 minutes.
autobahn-long: $(VENV)/.test
	$(BIN)/python -m tests.conformance core large compression long

# A day of normal use in ten minutes, with one worker and with four: memory, descriptors and greenlets flat (tests/soak).
soak: $(VENV)/.test
	$(BIN)/python -m tests.soak --minutes 10 --results bench/results
	$(BIN)/python -m tests.soak --minutes 10 --workers 4 --results bench/results

# The same in some seconds, without memory; the tests run it too.
soak-short: $(VENV)/.test
	$(BIN)/python -m tests.soak --short --workers 4

# How fast the pages are in a real browser, under load; on a quiet machine.
timed: $(VENV)/.test
	bin/need-chromium
	$(BIN)/pytest -m timed tests/browser

# This server beside its peers, each in turn on one core, the load on another: 45 minutes on a quiet machine (bench/README.md).
bench: $(VENV)/.test
	$(BIN)/python -m bench --runs 5

# The units, the image and the alerts in the eyes of those who take them: systemd, docker compose, promtool; as root, a minute.
deploy-check: $(VENV)/.test
	bin/need-deploy-tools $(VENV)/prometheus
	PATH="$$PATH:$(CURDIR)/$(VENV)/prometheus/usr/bin" $(BIN)/pytest -m deploy tests

# The pictures of the README, made by the browser tests.
screenshots: $(VENV)/.test
	bin/need-chromium
	$(BIN)/pytest -m screenshots tests/browser

clean:
	rm -rf $(VENV) tests/conformance/.wstest .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.run: requirements.txt
	PYTHON=$(PYTHON) bin/need-venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.test: requirements.txt requirements-dev.txt
	PYTHON=$(PYTHON) bin/need-venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
