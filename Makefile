# `make run` does the main job, `make test` checks everything; both set up all they need.

PYTHON ?= python3
VENV ?= .venv
PYTHON36 ?= $(shell pyenv root 2>/dev/null)/versions/3.6.15/bin/python
VENV36 ?= .venv36
PYTHON37 ?= $(shell pyenv root 2>/dev/null)/versions/3.7.16/bin/python
VENV37 ?= .venv37
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

# Tests run in so many processes; what shares a fixture that is long in the making shares one.
WORKERS ?= $(shell nproc)
PYTEST = -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

# What is tested: Python 3.10 takes what it finds, since some of it is for later ones only.
CONSTRAINTS = $(shell $(PYTHON) -c 'import sys; print("-c constraints/workstation.txt" * (sys.version_info >= (3, 11)))')

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Debian packages are installed where this user may, and otherwise asked for in one line.
APT = $(shell [ "$$(id -u)" = 0 ] || echo sudo -n) env DEBIAN_FRONTEND=noninteractive apt-get
# $(call debian,PACKAGE,what is so without it)
debian = { $(APT) -q update && $(APT) -q install -y --no-install-recommends $(1); } \
    || echo "no $(1), and no right to install it: $(2)" >&2

.PHONY: venv venv36 venv37 compiler clock soak bench audit install uninstall install-jetson run test unit test36 lint dist release-check mosquitto mosquitto-clients prometheus browser systemd photographs streams weights clean

run: venv mosquitto
	$(BIN)/labeld demo

test: venv lint mosquitto mosquitto-clients prometheus browser systemd photographs streams compiler clock weights
	LABELD_OTHER_PYTHON=$(abspath $(VENV36)/bin/python) \
	LABELD_CONVERTING_PYTHONS=$(abspath $(VENV36)/bin/python):$(abspath $(VENV37)/bin/python) \
	    $(BIN)/python $(PYTEST)

# A source distribution and a wheel, in dist/.
dist: venv
	rm -rf build dist
	$(PIP) build
	$(BIN)/python -m build

# Hours: the promise's tests in long form, then growth while everything fails.
ROUNDS ?= 300
HOURS ?= 2
soak: venv mosquitto clock
	$(PIP) $(CONSTRAINTS) -e '.[bench]'
	$(BIN)/python -m pytest tests/promise --rounds $(ROUNDS) -o timeout=0
	$(BIN)/python -m bench.soak build/soak --hours $(HOURS)

# How fast it is, against what else people run and the processor's own limit.
BENCH = build/bench
bench: venv mosquitto mosquitto-clients photographs weights
	$(PIP) $(CONSTRAINTS) -e '.[bench]'
	$(BIN)/python -m bench $(BENCH)

# The pinned libraries against the vulnerabilities that PyPI knows of; that needs the network.
AUDIT = build/audit
audit:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	for pins in constraints/*.txt; do \
	    echo "== $$pins" && $(AUDIT)/bin/pip-audit --strict --disable-pip --no-deps -r $$pins || exit; \
	done

release-check:
	@.ci/release-check

# What a developer runs at each save: no TensorFlow, no server, seconds.
unit: venv
	$(BIN)/python $(PYTEST) tests/unit

# The same tests on what is nearest to a Jetson TX2: Python 3.6 and TensorFlow 2.6.
test36: venv36 mosquitto prometheus systemd photographs streams clock
	@$(call weights,$(VENV36))
	LABELD_OTHER_PYTHON=$(abspath $(BIN)/python) \
	    $(VENV36)/bin/python $(PYTEST) -p no:cacheprovider --rounds 6

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

mosquitto:
	@command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] \
	    || $(call debian,mosquitto,amqtt serves the demo; tests that need a broker skip)

mosquitto-clients:
	@command -v mosquitto_sub >/dev/null \
	    || $(call debian,mosquitto-clients,bench.publish cannot count labels)

browser:
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
	    || $(call debian,chromium chromium-driver,the page is not tried in a browser)

prometheus:
	@{ command -v prometheus && command -v promtool; } >/dev/null \
	    || $(call debian,prometheus,the scrape of the metrics is not tested)

systemd:
	@{ command -v systemd-analyze && command -v systemd-nspawn; } >/dev/null \
	    || $(call debian,systemd systemd-container,the unit is not tried)

compiler:
	@command -v cc >/dev/null || $(call debian,gcc libc6-dev,the conversion to TF-TRT is not tested)

clock:
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 \
	    || $(call debian,faketime,a clock that is set back is not tested)

photographs:
	@[ -d /usr/share/tuxpaint/stamps ] \
	    || $(call debian,tuxpaint-stamps-default,training on real photographs is not tested)

# $(call weights,VENV): kept outside of the checkout, in ~/.cache/labeld.
weights = TF_CPP_MIN_LOG_LEVEL=2 $(1)/bin/python -m tests.support.weights \
    || echo "no weights from real photographs: training on them is not tested" >&2

# A base that was trained on real photographs, where ImageNet's weights cannot be had.
weights: venv
	@$(call weights,$(VENV))

# An RTSP server and a real scene for the cameras' tests.
STREAMS = python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base \
    gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly opencv-doc

streams:
	@dpkg -s $(STREAMS) >/dev/null 2>&1 || $(call debian,$(STREAMS),cameras are not tested)

venv: $(INSTALLED)

$(INSTALLED): setup.py constraints/workstation.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { $(APT) -q update && $(APT) -q install -y python3-venv; } \
	    || { echo "please install the package python3-venv, then run make again" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[pc,openvino,heic,export,demo,watch,test,lint]' $(CONSTRAINTS)
	touch $@

venv36: $(VENV36)/.installed

$(VENV36)/.installed: setup.py constraints/python36.txt
	@# pip 21.3.1 is the last for 3.6; the one that 3.6 brings finds no wheels of TensorFlow
	$(PYTHON36) -m venv $(VENV36)
	$(VENV36)/bin/python -m pip install --quiet --disable-pip-version-check 'pip==21.3.1'
	$(VENV36)/bin/python -m pip install --quiet --disable-pip-version-check \
	    -e '.[pc,export,watch,test]' -c constraints/python36.txt
	touch $@

# TensorFlow 2.7 is a Jetson's own release; PyPI has it for Python 3.7. For `labeld-export convert`.
venv37: $(VENV37)/.installed

$(VENV37)/.installed: setup.py
	$(PYTHON37) -m venv $(VENV37)
	$(VENV37)/bin/python -m pip install --quiet --disable-pip-version-check \
	    -e . tensorflow==2.7.4 'protobuf<3.21' opencv-python-headless
	touch $@

# For systemd, as root; systemd/install has what may be given: PREFIX, DESTDIR, PYTHON, PACKAGE, PIP_FLAGS.
install:
	@systemd/install

uninstall:
	@systemd/uninstall

# On a Jetson TX2, as root; docs/jetson.md.
install-jetson:
	systemd/install-jetson

clean:
	rm -rf $(VENV) $(VENV36) $(VENV37) *.egg-info .pytest_cache .ruff_cache .mypy_cache
