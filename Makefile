# HealthSecure. `make run` starts it, `make test` checks all of it; `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run dev check test bench setup setup-test site server cli fmt lint boundaries unit vectors \
	interop webcrypto test-lint test-page test-webcrypto test-programs test-postgres test-s3 tests tests-on-postgres size e2e e2e-open \
	screenshots test-tools fuzz crash

TOOLS := $(if $(HEALTHSECURE_TOOLS),$(HEALTHSECURE_TOOLS),$(CURDIR)/.tools)
export PATH := $(TOOLS)/bin:$(CURDIR)/node_modules/.bin:$(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)
PYTHON := $(TOOLS)/venv/bin/python
STEP := scripts/step
# In target folders of their own, so that neither waits for the other's; linking keeps one core busy, and this the other.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs=2
# `frontend` is the one crate that builds for the browser only; host and browser code are never built in one call.
HOST := --workspace --exclude frontend
# What `cargo clippy` sets, for builds: the compiler that lints also builds the tests, and crates are compiled once for both.
LINTING := RUSTC_WORKSPACE_WRAPPER="$$(command -v clippy-driver)" CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__
# More for cargo, where host code is built (.ci/run).
CARGO_MORE := $(HEALTHSECURE_CARGO)
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
# What of the API's tests runs on PostgreSQL each time: where the two databases could differ. `make test-postgres` runs all.
ON_POSTGRES := audit|audit_time|backup_command|backup_load|body_limits|delete|drafts|grants|honest_client|keep|list|live|log|log_keys|log_sequencer|mail_outbox|put_back|quotas|reading_cost|recovery|redeem|reports|sign_up|throttling|uploads|versions|versions_carried
# Tests wait for disks, timers and each other: more of them than cores at a time end sooner. Two for each core leave a quarter of
# the cores' time unused.
export NEXTEST_TEST_THREADS ?= $(shell echo $$((3 * $$(nproc 2>/dev/null || echo 2))))
export HEALTHSECURE_STEPS := $(CURDIR)/target/steps.txt
export HEALTHSECURE_PYTHON := $(PYTHON)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

## Running ##

run: ## Build the release and start it on ./data; DEMO=1 fills it with a small clinic
	@$(STEP) "tools" scripts/setup
	@$(STEP) "page" scripts/site
	@$(STEP) "server" $(MAKE) --no-print-directory server
	@if [ "$(DEMO)" = 1 ]; then $(STEP) "hs" $(MAKE) --no-print-directory cli; fi
	@scripts/run

dev: setup ## Rebuild and reload at every change, on http://localhost:3000
	HEALTHSECURE_DATA=./data-dev HEALTHSECURE_LISTEN=127.0.0.1:3000 LEPTOS_SITE_ADDR=127.0.0.1:3000 \
		cargo leptos watch --split -- serve

setup:
	@scripts/setup

setup-test:
	@scripts/setup test

site:
	@scripts/site

# Alone with its own package: with others in the same call, cargo would give it their features, decryption among them. That
# compiles half of the project once more, so CI drives the programs that were built with the tests.
ifdef CI
server cli:
	$(LINTING) cargo build --release --locked $(HOST) --bins $(CARGO_MORE)
else
server:
	cargo build --release --locked -p server $(CARGO_MORE)

cli:
	cargo build --release --locked -p cli $(CARGO_MORE)
endif

## Checking ##

check: setup ## The fast loop: format, lints for host and browser, unit tests
	@mkdir -p target && : >"$$HEALTHSECURE_STEPS"
	@$(STEP) "format" $(MAKE) --no-print-directory fmt
	@$(STEP) "lints, host" cargo clippy $(HOST) --all-targets -- -D warnings
	@$(STEP) "lints, browser" cargo clippy -p frontend --target wasm32-unknown-unknown -- -D warnings
	@$(STEP) "unit tests" cargo test $(HOST) --lib --bins --quiet
	@cat "$$HEALTHSECURE_STEPS"

# Everything in the release profile, so that host code is compiled once. The server comes after the tests: they build
# a server of their own with more features in the same place. Cheap steps that often fail come first.
test: ## Everything that CI runs
	@mkdir -p target && : >"$$HEALTHSECURE_STEPS"
	@trap 'printf "\nSteps:\n"; cat "$$HEALTHSECURE_STEPS"' EXIT; \
	$(STEP) "tools" scripts/setup test; \
	$(STEP) "format" $(MAKE) --no-print-directory fmt; \
	$(STEP) "test tools" $(MAKE) --no-print-directory test-tools; \
	$(STEP) "licences and boundaries" $(MAKE) --no-print-directory boundaries; \
	$(SIDE_BY_SIDE) test-lint test-page; \
	$(STEP) "size budget" $(MAKE) --no-print-directory size; \
	$(STEP) "vectors" $(MAKE) --no-print-directory vectors; \
	$(STEP) "tests" $(MAKE) --no-print-directory tests; \
	$(STEP) "tests on PostgreSQL" $(MAKE) --no-print-directory tests-on-postgres; \
	$(SIDE_BY_SIDE) test-webcrypto test-programs; \
	$(STEP) "browser tests" $(MAKE) --no-print-directory e2e

test-lint:
	@$(STEP) "lints and tests, built" $(MAKE) --no-print-directory lint

# As on the host: the compiler that lints also builds the page.
test-page:
	+@$(STEP) "lints and page, built" env $(LINTING) scripts/site

test-webcrypto:
	@$(STEP) "webcrypto" $(MAKE) --no-print-directory webcrypto

test-programs:
	@$(STEP) "interop" $(MAKE) --no-print-directory interop
	@$(STEP) "server" $(MAKE) --no-print-directory server
	@$(STEP) "hs" $(MAKE) --no-print-directory cli

fmt:
	cargo fmt --all --check

lint:
	$(LINTING) cargo build --release --locked $(HOST) --all-targets $(CARGO_MORE)

boundaries:
	cargo xtask licences
	cargo xtask boundaries
	cargo xtask asvs

# With a PostgreSQL beside them, for those that need one.
tests:
ifeq ($(NEXTEST),)
	$(LINTING) scripts/postgres run cargo test --release --locked $(HOST) $(CARGO_MORE)
else
	$(LINTING) scripts/postgres run cargo nextest run --release --locked $(HOST) --no-fail-fast $(CARGO_MORE)
	$(LINTING) cargo test --release --locked $(HOST) --doc --quiet $(CARGO_MORE)
endif

# The same programs again: nothing is built. Without the tests that write 70,000 rows, which takes longest and differs least.
tests-on-postgres:
ifeq ($(NEXTEST),)
	$(LINTING) scripts/postgres all cargo test --release --locked $(HOST) $(CARGO_MORE) --test api -- \
		$(subst |,:: ,$(ON_POSTGRES)):: --skip damage_is_found
else
	$(LINTING) scripts/postgres all cargo nextest run --release --locked $(HOST) --no-fail-fast $(CARGO_MORE) \
		-E 'binary_id(server::api) & test(/^($(ON_POSTGRES))::/) - test(/damage_is_found/)'
endif

test-postgres: ## All tests of the API on PostgreSQL
ifeq ($(NEXTEST),)
	$(LINTING) scripts/postgres all cargo test --release --locked $(HOST) $(CARGO_MORE) --test api
else
	$(LINTING) scripts/postgres all cargo nextest run --release --locked $(HOST) --no-fail-fast $(CARGO_MORE) -E 'binary_id(server::api)'
endif

test-s3: ## All tests of the API with blobs in a bucket (SeaweedFS)
ifeq ($(NEXTEST),)
	$(LINTING) $(PYTHON) end2end/support/s3_server.py run cargo test --release --locked $(HOST) $(CARGO_MORE) --test api
else
	$(LINTING) $(PYTHON) end2end/support/s3_server.py run cargo nextest run --release --locked $(HOST) --no-fail-fast $(CARGO_MORE) \
		-E 'binary_id(server::api)'
endif

# `make test` does as many on SQLite and fewer on PostgreSQL. A SEED makes the same choices again.
crash: ## Kill the server while people work, on both databases, until OPERATIONS (200) are acknowledged
	$(LINTING) TEST_KILL_OPERATIONS=$(or $(OPERATIONS),200) $(if $(SEED),TEST_KILL_SEED=$(SEED)) scripts/postgres run \
		cargo test --release --locked $(HOST) $(CARGO_MORE) --test api -- kill:: --nocapture --test-threads=1

# The page's bulk encryption on a JavaScript runtime with WebCrypto: the same bytes as RustCrypto's. Beside `frontend`, with the
# flags that cargo-leptos builds the page with to split it, so that most of what it needs is there.
webcrypto:
	$(LINTING) RUSTFLAGS="--cfg=erase_components -Clink-args=--emit-relocs" \
		cargo build --locked --profile wasm-release -p frontend -p healthsecure-client --features healthsecure-client/web \
		--target wasm32-unknown-unknown --target-dir target/front --example webcrypto
	@grep -qa __wbgt_ target/front/wasm32-unknown-unknown/wasm-release/examples/webcrypto.wasm # The runner is content with no test.
	wasm-bindgen-test-runner target/front/wasm32-unknown-unknown/wasm-release/examples/webcrypto.wasm

# What only knows docs/protocol.md and the standards opens what this project wrote, and the other way round.
interop:
	$(LINTING) HEALTHSECURE_PROFILE=release end2end/interop/run.sh

vectors:
	PATH="$(TOOLS)/venv/bin:$$PATH" end2end/interop/fetch-vectors.sh

size:
	cargo xtask size

# Types of the browser tests, and the tests of their own tools: a search that finds nothing must be able to find.
test-tools:
	tsc --noEmit -p end2end
	playwright test --config end2end/playwright.config.ts --project=tools

# Tests tagged @open name a promise that the page does not keep yet: `make e2e-open` shows them, and none of them counts
# as done. The tag goes with the bug. Those tagged @long take long for what tests of the API, or others in the browser, show as well:
# CI leaves them to whoever runs `make test` or `make e2e` before a release.
e2e:
	playwright test --config end2end/playwright.config.ts --project=browser --grep-invert '@open$(if $(CI),|@long)' $(ARGS)

e2e-open: ## The browser tests that still fail
	playwright test --config end2end/playwright.config.ts --project=browser --grep @open --pass-with-no-tests $(ARGS)

screenshots: ## Walk every screen at 390 and 1440 px, light and dark, into end2end/screenshots
	playwright test --config end2end/playwright.config.ts --project=browser screens

# Apart from `make test`, which runs the same checks over the same seeds (crates/fuzz-checks).
fuzz: ## Fuzz every parser for SECONDS each (60), or those that TARGETS names
	@scripts/fuzz "$(or $(SECONDS),60)" $(TARGETS)

bench: ## Measure, and print ratios (docs/benchmarks.md)
	@$(STEP) "tools" scripts/setup bench
	@$(STEP) "page" scripts/site
	@$(STEP) "server" $(MAKE) --no-print-directory server
	@$(STEP) "hs" $(MAKE) --no-print-directory cli
	@$(STEP) "tools for benchmarks" cargo build --release --locked -p cli -p healthsecure-tlog --examples
	@$(STEP) "server for benchmarks" cargo build --release --locked -p server --features unaudited --examples
	@rm -f target/bench.json
	scripts/postgres bench playwright test --config end2end/playwright.config.ts --project=bench $(ARGS)
