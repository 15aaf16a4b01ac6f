# Two commands: `make demo` and `make test`. Each installs what it lacks, builds and runs.

CARGO ?= cargo
ROUTERLAB = target/release/routerlab
PLUGINS = $(wildcard plugins/routers/*/Cargo.toml) $(wildcard plugins/evaluators/*/Cargo.toml) \
	$(wildcard plugins/evaluators/*/pyproject.toml)

.PHONY: demo test lint build plugins guests encoder readers query setup bench fuzz clean

## Build everything, run the starter experiment, end with a leaderboard.
demo: plugins encoder
	$(ROUTERLAB) demo

## Every test. Needs no network once packages are installed.
test: plugins guests encoder readers
	$(CARGO) test --release --workspace --exclude routerlab-query --locked

## Format and lints, as errors.
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --exclude routerlab-query --all-targets --locked -- -D warnings

## The program.
build: setup
	$(CARGO) build --release --locked

## All routers and evaluators as components, into target/components.
plugins: build
	$(ROUTERLAB) build $(patsubst %/,%,$(dir $(PLUGINS))) --out target/components

## The misbehaving plugins of the tests, into target/guests.
guests: build
	$(ROUTERLAB) build tests/guests --examples --out target/guests

## A small real encoder, into target/encoders, for the demo and the tests that need one.
encoder: setup
	@tests/encoders/fetch.sh

## What the tests hold our tables and pages against: readers of Parquet in Python, and a browser.
readers: setup
	@tests/interop/setup.sh
	@tests/browser/setup.sh

## SQL over tables: the program behind `routerlab query`, its lints and its tests. An engine for SQL takes longer to build
## than all else, so nothing above needs it.
query: setup
	$(CARGO) clippy --release -p routerlab-query --all-targets --locked -- -D warnings
	$(CARGO) test --release -p routerlab-query --locked
	$(CARGO) build --release -p routerlab-query --locked

## The figures of ARCHITECTURE.md (see there for what is measured).
bench: plugins
	$(CARGO) bench -p routerlab-kernels -p routerlab-metrics -p routerlab --benches

## Fuzz targets, ten minutes each (SECONDS=60 for less). Not a part of the tests.
SECONDS ?= 600
FUZZ = PATH="$(CURDIR)/target/fuzz-tools/bin:$$PATH" $(CARGO) fuzz run --sanitizer none
fuzz:
	command -v target/fuzz-tools/bin/cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked --root target/fuzz-tools
	for target in extractors math evaluators tables released experiments; do \
	    $(FUZZ) $$target -- -max_total_time=$(SECONDS) -timeout=2 -max_len=4096 || exit 1; done

setup:
	@./setup.sh

clean:
	$(CARGO) clean
