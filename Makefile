# `make` builds; `make help` lists the targets. Each sets up what it needs; see CONTRIBUTING.md.
.DEFAULT_GOAL := build
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
# The recipes run their own parallel tools.
.NOTPARALLEL:

export SPILLWAY_CACHE ?= $(HOME)/.cache/spillway
JOBS ?= $(shell nproc)
TEST_PYTHON := $(SPILLWAY_CACHE)/venv-tests/bin/python
# Which tests `make test` runs: make unit-tests ONLY=memory, make end-to-end-tests ONLY='-k validate'
ONLY ?=

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 26

.PHONY: setup
setup: ## install what a build needs (Debian packages, Arrow C++)
	@tools/setup.sh build

.PHONY: build
build: setup ## the program, at build/spillway
	@test -f build/build.ninja || cmake --preset release
	@cmake --build --preset release -j $(JOBS)

.PHONY: demo
demo: build ## 1,000,000 rows from bronze to silver under 512 MiB, validated
	@tools/demo.sh

.PHONY: test
test: unit-tests end-to-end-tests lint ## all tests, then lint

.PHONY: unit-tests
unit-tests: build ## the C++ tests beside the sources
	@ctest --preset release -j $(JOBS) $(if $(ONLY),-R '$(ONLY)')

# Without Java the Spark tests skip themselves, each with spark_setup.sh's word.
.PHONY: end-to-end-tests
end-to-end-tests: build ## pytest: the program against pyarrow, deltalake, DuckDB, Polars and Spark
	@tools/setup.sh tests
	@tools/spark_setup.sh || test $$? -eq 3
	@$(TEST_PYTHON) -m pytest test $(ONLY)

.PHONY: lint
lint: build ## folders, clang-format, clang-tidy, Python, Rust
	@tools/setup.sh lint
	@tools/lint.sh build

.PHONY: format
format: ## write the house format into the sources
	@tools/setup.sh lint
	@tools/lint.sh --format

.PHONY: asan tsan
asan: ## the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
tsan: ## the C++ tests under ThreadSanitizer
# The presets have Arrow allocate by malloc, which the sanitizers watch. They do not see what
# libarrow's own mimalloc does: a block that goes from thread to thread looks like a data race.
asan tsan: setup
	@test -f build-$@/build.ninja || cmake --preset $@
	@cmake --build --preset $@ -j $(JOBS)
	@ctest --preset $@ -j $(JOBS) $(if $(ONLY),-R '$(ONLY)')

# FUZZ_SECONDS: of each target. ONLY: which targets: make fuzz ONLY=expression
.PHONY: fuzz
fuzz: ## libFuzzer on what reads foreign bytes (fuzz/README.md)
	@tools/setup.sh fuzz
	@test -f build-fuzz/build.ninja || cmake --preset fuzz
	@cmake --build --preset fuzz -j $(JOBS)
	@fuzz/run_fuzzers.sh build-fuzz $(ONLY)

# Hours, not minutes. How many of each kind: kills at random moments of each of four kinds of run, at
# each point of a run, calls that fail, losses of power, disks; of how many rows the runs are; and
# random tables of several writers.
.PHONY: torture
torture: export SPILLWAY_TORTURE_KILLS ?= 125
torture: export SPILLWAY_TORTURE_POINTS ?= 10
torture: export SPILLWAY_TORTURE_FAILURES ?= 10
torture: export SPILLWAY_TORTURE_POWER ?= 50
torture: export SPILLWAY_TORTURE_DISKS ?= 10
torture: export SPILLWAY_TORTURE_MEMORY ?= 1
torture: export SPILLWAY_TORTURE_ROWS ?= 2000000
torture: export SPILLWAY_TORTURE_TABLES ?= 200
torture: build ## the long form of the tests of crashes, faults, damaged files and random tables
	@tools/setup.sh tests
	@tools/spark_setup.sh || test $$? -eq 3
	@$(TEST_PYTHON) -m pytest test/crash test/trust/test_corpora.py test/random_tables -s $(ONLY)

# ONLY: the jobs, and flags: make bench ONLY='38m-2GiB --repeat 1'. docs/benchmarks.md has them all.
.PHONY: bench
bench: setup ## measure: ours and other engines at the same jobs, in bench/results/
	@cmake --preset release -DSPILLWAY_BENCHMARKS=ON > /dev/null
	@cmake --build --preset release -j $(JOBS)
	@tools/setup.sh bench
	@$(SPILLWAY_CACHE)/venv-bench/bin/python bench/run_bench.py $(ONLY)

.PHONY: spark-cases
spark-cases: ## have Spark make test/expressions/cases/ again
	@tools/spark_setup.sh
	@$(SPILLWAY_CACHE)/spark-4.2.0/bin/python test/expressions/make_cases.py

.PHONY: clean
clean: ## remove what builds and the demo made in the tree
	@rm -rf build build-asan build-tsan build-fuzz demo
