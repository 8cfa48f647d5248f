# `make run` does the main job, `make test` checks everything; both set up all they need.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Debian packages are installed where this user may, and otherwise asked for in one line.
APT = $(shell [ "$$(id -u)" = 0 ] || echo sudo -n) env DEBIAN_FRONTEND=noninteractive apt-get

.PHONY: venv run test lint mosquitto systemd photographs clean

run: venv mosquitto
	$(BIN)/labeld demo

test: venv lint mosquitto systemd photographs
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

mosquitto:
	@command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] \
	    || { $(APT) -q update && $(APT) -q install -y --no-install-recommends mosquitto; } \
	    || echo "no mosquitto and no right to install it: amqtt serves the demo, tests that need a broker skip" >&2

systemd:
	@command -v systemd-analyze >/dev/null \
	    || { $(APT) -q update && $(APT) -q install -y --no-install-recommends systemd; } \
	    || echo "no systemd-analyze and no right to install it: the unit is not checked" >&2

photographs:
	@[ -d /usr/share/tuxpaint/stamps ] \
	    || { $(APT) -q update && $(APT) -q install -y --no-install-recommends tuxpaint-stamps-default; } \
	    || echo "no tuxpaint-stamps-default and no right to install it: training is not tested" >&2

venv: $(INSTALLED)

$(INSTALLED): setup.py
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { $(APT) -q update && $(APT) -q install -y python3-venv; } \
	    || { echo "please install the package python3-venv, then run make again" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[tensorflow,export,demo,test,lint]'
	touch $@

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache
