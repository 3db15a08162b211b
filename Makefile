.DEFAULT_GOAL := help
export UV_PROJECT_ENVIRONMENT ?= .venv
BOOTSTRAP := .ecomarket/bootstrap
UV := $(BOOTSTRAP)/bin/uv
# An image may forbid Python to keep what it has compiled; then each of the hundred processes that
# the stack and the tests start would compile the same thousands of files.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := -d $(UV_PROJECT_ENVIRONMENT)/lib/python3.11/site-packages/*.dist-info

help: ## what can be run
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV):
	@echo "bringing uv from PyPI"
	@python3 deploy/uv.py $(BOOTSTRAP)/bin

# uv says nothing while it writes the packages, which takes seconds: the clock says how far it is.
env: $(UV) ## the locked environment, in .venv
	@(while sleep 3 >/dev/null 2>&1; do ls $(PACKAGES) 2>/dev/null | wc -l | sed 's/$$/ packages written/'; done) & \
	clock=$$!; $(UV) sync --locked; status=$$?; kill $$clock; exit $$status

demo: env ## start everything, send a year of real baskets through, train, serve, report
	@$(UV) run --locked ecomarket demo

up: env ## start every service and wait until each one answers
	@$(UV) run --locked ecomarket up

down: env ## stop every service
	@$(UV) run --locked ecomarket down

# A process for each core runs whole files, on services of its own; the slow ones come first.
test: env ## every test, with what it needs installed and started
	$(UV) run --locked pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-unit: env ## the tests that need no service
	$(UV) run --locked pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder tests/unit tests/contract

coverage: env ## which branches of the store's domains the tests take
	$(UV) run --locked coverage erase
	$(UV) run --locked pytest -q -n auto --maxprocesses 4 --dist loadfile --cov --cov-report= tests/unit/storefront tests/integration/storefront tests/integration/payments
	$(UV) run --locked coverage report --skip-covered

mutants: env ## whether the unit tests notice a change of any line that counts money
	$(UV) run --locked mutmut run
	$(UV) run --locked mutmut results

chaos: env ## hundreds of kills at random moments under load, and nothing lost or doubled
	ECOMARKET_CHAOS_KILLS=200 ECOMARKET_CHAOS_CHECKOUTS=1000 $(UV) run --locked pytest --log-cli-level INFO \
		tests/integration/stack/test_kill_anywhere.py tests/integration/stack/test_checkouts_under_kills.py

lint: env ## style, types, import rules, SQL and the rules of dbt's project, as CI checks them
	$(UV) run --locked ruff check .
	$(UV) run --locked ruff format --check .
	$(UV) run --locked mypy
	$(UV) run --locked mypy tests
	$(UV) run --locked lint-imports --no-cache
	$(UV) run --locked sqlfluff lint dbt/models
	$(UV) run --locked dbt parse --quiet --project-dir dbt --profiles-dir dbt
	$(UV) run --locked dbt-bouncer --config-file dbt/bouncer.yml

.PHONY: help env demo up down test test-unit coverage mutants chaos lint
