# Two commands do all the set-up: `make study` runs the default study, `make test` the tests.
# `make study HARDWARE=gpu` sets up TensorFlow for NVIDIA cards instead.

HARDWARE ?= cpu
CONFIG ?= config/config.yaml
RESULTS ?= results
ENV := .venv
PYTHON ?= python3
export PATH := $(CURDIR)/$(ENV)/bin:$(CURDIR)/.tools/bin:$(PATH)

.PHONY: help study reproduce environment install test test-all quick-test benchmarks gpu-check docs check audit format lock schema clean

help:
	@echo "make study        set up and run the study of CONFIG ($(CONFIG))"
	@echo "make reproduce    run the study of RESULTS ($(RESULTS)) again and say what differs"
	@echo "make test         set up and run all tests"
	@echo "make test-all     all tests, in their long form"
	@echo "make quick-test   the tests that train nothing"
	@echo "make environment  set up only; then: source $(ENV)/bin/activate, snakemake"
	@echo "make install      the command scenery in $(ENV), to run studies from any directory"
	@echo "make benchmarks   measure speed on the photographs of SHARED ($(SHARED))"
	@echo "make gpu-check    speed and results on an NVIDIA GPU, with HARDWARE=gpu"
	@echo "make docs         build the documentation site into docs/_build/html"
	@echo "make check        formatting, linting, types"
	@echo "make audit        known vulnerabilities of the requirements"
	@echo "make format       put code in shape"
	@echo "make lock         compile the requirements files anew"
	@echo "HARDWARE=gpu      with any of them: TensorFlow for NVIDIA cards"

study: environment
	@PYTHONPATH=src python -m scenery check $(CONFIG)
	snakemake --configfile $(CONFIG)

reproduce: environment
	PYTHONPATH=src python -m scenery reproduce $(RESULTS)

environment: $(ENV)/.$(HARDWARE)

$(ENV)/.%: requirements/%.txt
	./setup.sh $(PYTHON) $(ENV) $<
	@touch $@

install: environment
	./setup.sh $(PYTHON) $(ENV) requirements/$(HARDWARE).txt .

QUICK := $(addprefix tests/unit/,config registry study pipeline data reporting \
	evaluation)
# Tests of Slurm, kills and browsers wait for other programs, so that three processes keep two cores busy.
TEST = pytest -n 3 --no-loadscope-reorder

# DONE=quick leaves out what `make quick-test` has run just before.
test: environment $(ENV)/.dev $(ENV)/.benchmarks
	$(TEST) $(if $(filter quick,$(DONE)),$(QUICK:%=--ignore=%))

# 30 kills instead of 3, a full disk before each of 13 steps, 20,000 damaged configs, ...
test-all: environment $(ENV)/.dev $(ENV)/.benchmarks
	SCENERY_LONG_TESTS=1 $(TEST)

quick-test: environment $(ENV)/.dev
	pytest -n 2 $(QUICK)

# A warning, such as a broken link, is an error. The pages load nothing from the network.
docs: $(ENV)/.docs
	python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	python .ci/check_site.py

check: environment $(ENV)/.dev
	ruff format --check .
	ruff check .
	snakefmt --check Snakefile workflow
	mypy
	python .ci/lint_workflow.py

# Known vulnerabilities of what is installed; says so where the service that knows cannot be asked.
audit: $(ENV)/.dev
	python .ci/audit.py

# Some twenty minutes on two cores; SHARED is the folder of photographs and weights.
SHARED ?= ../shared
benchmarks: environment $(ENV)/.benchmarks
	python -m benchmarks --shared $(SHARED)

# At most twelve minutes on a GPU; without one it says so.
gpu-check: environment $(ENV)/.benchmarks
	@python -m benchmarks.gpu_check

format: $(ENV)/.dev
	ruff format .
	ruff check --fix .
	snakefmt Snakefile workflow

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
EXTRA = $(COMPILE) pyproject.toml

lock:
	$(EXTRA) --extra cpu --output-file requirements/cpu.txt
	$(EXTRA) --extra gpu --constraint requirements/cpu.txt --output-file requirements/gpu.txt
	$(EXTRA) --extra dev --constraint requirements/cpu.txt --output-file requirements/dev.txt
	$(EXTRA) --extra onnx --constraint requirements/cpu.txt --output-file requirements/onnx.txt
	$(EXTRA) --extra openvino --constraint requirements/cpu.txt --output-file requirements/openvino.txt
	$(EXTRA) --extra serve --constraint requirements/cpu.txt --output-file requirements/serve.txt
	$(EXTRA) --extra hub --constraint requirements/cpu.txt --output-file requirements/hub.txt
	$(EXTRA) --extra benchmarks --constraint requirements/cpu.txt --output-file requirements/benchmarks.txt
	$(EXTRA) --extra docs --constraint requirements/cpu.txt --output-file requirements/docs.txt
	$(COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) --group uv --output-file requirements/uv.txt

# The schema and the tables of config/, from the models that check a config.
schema: environment
	PYTHONPATH=src python -m scenery.config.schema

clean:
	rm -rf $(ENV) .tools .snakemake results logs
