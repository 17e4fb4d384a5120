# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help venv pins pin-jars sbom docs demo demo-down test browser unit cluster-tests lint format real-logs fidelity chaos fuzz bench-deploy bench-query-cost bench-schedule clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        start a local OpenSearch, deploy the detections, replay their samples, show who alerted"
	@echo "make demo-down   stop what make demo started (its data stays)"
	@echo "make test        lint, unit tests, and the tests that need a cluster (they start one of their own)"
	@echo "make browser     install Chromium (Debian, as root), for the tests of the report; without one they are skipped"
	@echo "make lint        ruff, mypy, import-linter; the workflows by their schemas and zizmor"
	@echo "make pins        pin the versions and hashes of what is installed (OPTIONS='--upgrade')"
	@echo "make sbom        write a bill of materials of what runs, build/sbom.cdx.json (CycloneDX)"
	@echo "make docs        build the documentation, build/docs (make test does it too; every warning is an error)"
	@echo "make real-logs   measure the detections on a folder of real logs (EVENTS=DIR)"
	@echo "make chaos       kill a deploy, or break its connection, at each of its writes (OPTIONS='--every 6': some)"
	@echo "make fuzz        100,000 inputs made up for each reader of strangers' files (OPTIONS='--inputs 1000 --only yaml')"
	@echo "make fidelity    compare the mapping with what established integrations give (EVENTS=DIR)"
	@echo "make bench-deploy  time plans and deploys of up to 900 monitors (OPTIONS='--monitors 50 --runs 1')"
	@echo "make bench-query-cost  time the monitors' searches on a million events, and the pipelines (OPTIONS='--events 50000')"
	@echo "make bench-schedule  count how many monitors one node runs each minute (OPTIONS='--monitors 50 --minutes 2')"
	@echo "Set OPENSEARCH_URL to run the cluster tests against another node."

# Only files whose hashes stand in constraints.txt, and never a build of somebody else's. pip brings uv, which brings the
# rest in a tenth of the time; where uv fails (an index that only pip can log in to), pip does it.
PINNED := --require-hashes --only-binary :all:

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' constraints.txt > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet $(PINNED) --no-deps --requirement $(VENV)/uv.txt
	$(BIN)/python -m tools.uv pip install --quiet $(PINNED) --requirement constraints.txt \
		|| $(BIN)/python -m pip install --quiet $(PINNED) --requirement constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

venv: $(VENV)/.installed

pins: venv
	$(BIN)/python -m tools.pins $(OPTIONS)

pin-jars: venv
	$(BIN)/python -m tools.jars

sbom: venv
	@$(BIN)/python -m tools.sbom

docs: venv
	$(BIN)/python -m tools.docs

demo: venv
	$(BIN)/deployer local up
	$(BIN)/deploy --env local --yes
	$(BIN)/deployer replay --env local
	@echo "The cluster goes on running. Look at the alerts: $(BIN)/deployer alerts --env local --state all. Stop it: make demo-down"

demo-down: venv
	$(BIN)/deployer local down

lint: venv
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet --persona=pedantic --strict-collection .github examples/github/.github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/github/.github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci examples/gitlab/.gitlab-ci.yml
	$(BIN)/pre-commit validate-manifest .pre-commit-hooks.yaml
	$(BIN)/pre-commit validate-config examples/.pre-commit-config.yaml

format: venv
	$(BIN)/ruff check --fix .

unit: venv
	$(BIN)/pytest tests/unit -n 2

# Two workers, each with a node of its own; on a node that OPENSEARCH_URL names, one, because it is shared.
cluster-tests: venv
	$(BIN)/pytest tests/contract tests/integration $(if $(OPENSEARCH_URL),,-n 3 --dist loadfile)

test: lint unit cluster-tests

browser:
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends chromium; }

chaos: venv
	$(BIN)/python -m tests.chaos $(OPTIONS)

EVENTS ?= ../shared/events
real-logs: venv
	$(BIN)/python -m benchmarks.real_logs "$(EVENTS)"

fidelity: venv
	$(BIN)/python -m benchmarks.fidelity "$(EVENTS)"

bench-deploy: venv
	$(BIN)/python -m benchmarks.deploy $(OPTIONS)

bench-query-cost: venv
	$(BIN)/python -m benchmarks.query_cost $(OPTIONS)

bench-schedule: venv
	$(BIN)/python -m benchmarks.schedule $(OPTIONS)

fuzz: venv
	@$(BIN)/python -m tools.uv pip install --quiet $(PINNED) --requirement constraints-fuzz.txt \
		|| echo "atheris cannot be installed here" >&2
	nice -n 10 $(BIN)/python -m tests.fuzz $(OPTIONS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
