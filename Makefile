# Every command of this project, for people and for CI: `make help` lists them.
# Needs GNU make and Python 3.11 or newer; everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# uv brings certificate authorities of its own; a machine behind a company's proxy has one more, in the system's store.
UV := UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never $(if $(wildcard /etc/ssl/certs/*),UV_SYSTEM_CERTS=1) $(BIN)/uv
NODE_TESTS := tests/conformance/test_node_*.py
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	--custom-compile-command 'make requirements' $(if $(UPGRADE),--upgrade)

# Byte code is kept whatever the environment says: the tests start some hundred processes, which would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up down test coverage conformance check quick fmt fmt-check lint types imports deploy-lint licences docs pages fuzz bench tasks chaos requirements clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter that .venv is made with; 'make clean' first to change it."

# ---------------------------------------------------------------- run

up: $(READY)/up ## Start the sandbox and the server; Ctrl-C stops both. ARGS="--server-port 9000" and the like.
	@exec $(BIN)/python scripts/up.py $(ARGS)

down: ## Stop what `make up` started, from another terminal.
	@if [ -x $(BIN)/python ]; then exec $(BIN)/python scripts/down.py $(ARGS); else echo "Nothing is running."; fi

# ---------------------------------------------------------------- prove

TESTS := --numprocesses 3 --max-worker-restart 0 --ignore-glob 'tests/conformance/test_node_*.py'

test: $(READY)/dev ## Run all tests. ARGS="tests/unit -k page" runs some.
	$(BIN)/pytest $(or $(ARGS),$(TESTS))

coverage: $(READY)/dev ## Run all tests and check what they cover, which takes twice as long.
	$(BIN)/pytest $(TESTS) --cov --cov-report=
	$(BIN)/coverage report --include='src/airbyte_agent_hubspot/*' --fail-under=100
	$(BIN)/coverage report --include='src/airbyte_agent_server/*' --fail-under=95
	$(BIN)/coverage report --include='src/hubspot_sandbox/*' --fail-under=95

conformance: $(READY)/dev ## Let clients that others wrote use the sandbox, and MCP clients our tools. Needs npm.
	@command -v npm >/dev/null || { echo "npm is not installed: Node.js 20 or newer is needed for this."; exit 1; }
	$(BIN)/pytest tests/conformance

fuzz: $(READY)/dev ## Call the tools wrongly, 10,000 times.
	FUZZED_CALLS=10000 $(BIN)/pytest tests/unit/tools/test_corrections.py

check: ## All gates, as in CI. Runs each, even if an earlier one fails.
	@$(MAKE) --no-print-directory --keep-going --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) quick; \
		quick=$$?; $(MAKE) --no-print-directory coverage && exit $$quick

quick: fmt-check lint types imports docs deploy-lint licences conformance # the gates that leave a core free

fmt: $(READY)/dev ## Format the code and mend what the linter can mend by itself.
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

fmt-check: $(READY)/dev
	$(BIN)/ruff format --check

lint: $(READY)/dev ## Lint.
	$(BIN)/ruff check

types: $(READY)/dev ## Check types: mypy on everything, basedpyright on the SDK.
	$(BIN)/mypy
	$(BIN)/basedpyright

imports: $(READY)/dev ## Check who imports whom.
	$(BIN)/lint-imports --no-logo

deploy-lint: $(READY)/dev ## Lint what deploy/ holds; needs nginx, openssl and systemd-analyze.
	$(BIN)/python scripts/deploy_lint.py

licences: $(READY)/dev ## Look for licences of packages that are neither permissive nor reviewed.
	$(BIN)/python scripts/licences.py

docs: $(READY)/dev ## Build the documentation into site/; a broken link fails.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pages: $(READY)/dev ## Rewrite the pages that are generated: the operations, the errors.
	PYTHONPATH=. $(BIN)/python scripts/pages.py
	$(BIN)/python -m benchmarks.agent_tasks --page docs/reference/agent-tasks.md

bench: $(READY)/dev ## Measure, side by side with other clients.
	$(BIN)/python -m benchmarks $(ARGS)

tasks: $(READY)/dev ## Let an agent work on tasks over sandbox accounts. ARGS="--model URL --name MODEL": a model.
	$(BIN)/python -m benchmarks.agent_tasks $(ARGS)

chaos: $(READY)/dev ## Kill servers under load, on PostgreSQL, and see that nothing is lost. ARGS="--short" for less.
	$(BIN)/python -m benchmarks.chaos $(ARGS)

# ---------------------------------------------------------------- install

requirements: $(READY)/uv ## Pin what pyproject.toml allows. UPGRADE=1 takes newer versions.
	$(COMPILE) --group bootstrap --output-file requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) pyproject.toml --extra server --extra kms --extra mcp --extra telemetry --constraints requirements/dev.txt \
		--output-file requirements/server.txt
	$(COMPILE) pyproject.toml --extra server --extra sandbox --extra mcp --group build --constraints requirements/dev.txt \
		--output-file requirements/up.txt

clean: ## Remove .venv, caches and built files. What `make up` keeps in .run stays.
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build dist htmlcov site
	find src tests scripts examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY)/uv: requirements/bootstrap.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) scripts/check_python.py
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@mkdir -p $(READY) && touch $@

$(READY)/up: requirements/up.txt pyproject.toml $(READY)/uv
	@echo "Installing what the sandbox and the server need ..."
	@$(INSTALL) --require-hashes -r $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY)/dev: requirements/dev.txt $(READY)/up
	@echo "Installing what the gates need ..."
	@$(INSTALL) --require-hashes -r $<
	@touch $@
