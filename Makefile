# Rackwright. `make help` lists the targets; each sets up what it needs by itself.
SHELL := /bin/bash
PROJECT ?= guangxi
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo plan check report render simulate test lint type yaml unit slow engine docs golden bench pictures lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh

demo: .venv/.ready ## Set up, then plan the Guangxi expansion and sum it up (findings at error level are expected)
	@$(BIN)/rackwright plan -p guangxi || [ $$? -eq 1 ]

plan: .venv/.ready ## Plan PROJECT (default guangxi)
	@$(BIN)/rackwright plan -p $(PROJECT)

check: .venv/.ready ## Check PROJECT against every rule
	@$(BIN)/rackwright check -p $(PROJECT)

report: .venv/.ready ## Write report.html and plan.xlsx of PROJECT from the plan on disk
	@$(BIN)/rackwright report -p $(PROJECT)

simulate: .venv/.ready ## Fail every shared risk of PROJECT alone (findings at error level are expected)
	@$(BIN)/rackwright simulate -p $(PROJECT) || [ $$? -eq 1 ]

render: .venv/.ready ## Write the switch configurations and appliance tables of PROJECT under build/
	@$(BIN)/rackwright render -p $(PROJECT)

test: lint type yaml unit ## Lint, types, YAML, then every test: what CI runs

lint: .venv/.ready ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: .venv/.ready ## mypy --strict
	$(BIN)/mypy

yaml: .venv/.ready ## yamllint over inventory and policy
	$(BIN)/yamllint --strict inventory

unit: .venv/.ready ## pytest
	$(BIN)/pytest --numprocesses auto --dist worksteal

rehearse: .venv/.ready ## Rehearse the whole night in a lab: playbooks, verify, faults found and repaired (root; minutes)
	$(BIN)/rackwright lab rehearse -p $(PROJECT)

slow: .venv/.ready ## The tests that need QEMU (root; minutes): a server starts over Redfish, DHCP and PXE
	RACKWRIGHT_SLOW=1 $(BIN)/pytest tests/lab/slow

engine: .venv/.ready ## Obtain the Pulumi engine for the stacks: the one on PATH, else built once with Go (minutes)
	@scripts/engine.sh

docs: .venv/.ready ## Write docs/findings.md and docs/inventory-reference.md from the code
	$(BIN)/python -m rackwright.documents.findings_page
	$(BIN)/python -m rackwright.documents.inventory_page

golden: .venv/.ready ## Write the golden plan of Guangxi anew; read the diff as if it were code
	@$(BIN)/rackwright plan -p guangxi --replan --no-documents || [ $$? -eq 1 ]

bench: .venv/.ready ## Ratios against peers and plain code in one interleaved run (minutes); writes docs/performance.md
	$(BIN)/python -m tests.bench.run
	$(BIN)/python -m tests.bench.page

pictures: .venv/.ready ## Render report and workbook as PNG under build/ (needs chromium, libreoffice, poppler)
	scripts/pictures.sh $(PROJECT)

lock: .venv/.ready ## Pin the dependencies anew (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --all-extras \
	  --python-version 3.11 pyproject.toml -o requirements.lock

clean: ## Remove everything generated, the environment too
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
