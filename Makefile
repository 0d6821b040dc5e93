# Thin names over the tools. Every target sets up what it needs: Python 3.11 or newer and PyPI are all it takes.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON := $(shell tools/find_python.sh)
PYTHON_3_13 := $(shell tools/find_python.sh 3.13)

# The suite runs a second time on 3.13, the Lambda runtime's version, unless that is what .venv has or it is not installed.
SECOND := $(if $(filter-out $(PYTHON),$(PYTHON_3_13)),.venv-3.13)

# On every processor; what a file's tests share is set up once.
PYTEST := pytest --numprocesses auto --dist loadfile

LOCK := requirements.txt
SAM_LOCK := tools/sam-requirements.txt
PIN := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
INSTALLED := installed.stamp

# What the functions of template.yaml run. SAM asks for it function by function, into its own folder.
FUNCTION := build/function
BUNDLE := build/function.stamp

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/$(INSTALLED) ## set up, then play AWS Config over a seeded account on this machine
	.venv/bin/s3-guardrails demo

.PHONY: test
test: check .venv/$(INSTALLED) $(SECOND:%=%/$(INSTALLED)) ## set up, then everything that must hold
	.venv/bin/python -m $(PYTEST)
	$(if $(SECOND),$(SECOND)/bin/python -m $(PYTEST),@echo "Python 3.13 is not installed beside $$(.venv/bin/python -V): one run of the suite")

.PHONY: check
check: .venv/$(INSTALLED) ## lint, format, types and import contracts
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

.PHONY: fuzz
fuzz: .venv/$(INSTALLED) ## try GUARDRAILS_FUZZ policies per question (1000) against the twins; keep what is found
	export PYTHONPATH=tests GUARDRAILS_FUZZ=$${GUARDRAILS_FUZZ:-1000} first=$$(date +%s) failed=0; \
	.venv/bin/python -m laws.parser_fuzz --runs $$((GUARDRAILS_FUZZ * 50)) --seed $$((first % 2147483647)) || failed=1; \
	.venv/bin/python -m smt.fuzz --count $$GUARDRAILS_FUZZ --first $$first || failed=1; \
	.venv/bin/python -m differential.fuzz --count $$GUARDRAILS_FUZZ --first $$first || failed=1; \
	.venv/bin/python -m pytest tests/laws tests/differential --ignore tests/differential/test_small_world.py || failed=1; \
	exit $$failed

.PHONY: bench
bench: .venv/$(INSTALLED) ## time questions, imports and cold starts, beside what they are compared with
	.venv/bin/python bench/imports.py
	.venv/bin/python bench/policy.py
	.venv/bin/python bench/logs.py
	.venv/bin/python bench/fleet.py
	.venv/bin/python bench/cold_start.py $(PYTHON_3_13:%=--python %)

.PHONY: render
render: .venv/$(INSTALLED) ## render what is derived from the rules and from the demo
	.venv/bin/s3-guardrails catalogue --write
	.venv/bin/python tools/render_demo.py

.PHONY: build
build: .venv/$(INSTALLED) ## build dist/: the functions' zip, and the template for StackSets
	.venv/bin/s3-guardrails build $(PYTHON_3_13:%=--python %)

$(BUNDLE): .venv/$(INSTALLED) $(shell find src rules -name '*.py')
	rm -rf $(FUNCTION)
	.venv/bin/s3-guardrails build --unpacked $(FUNCTION) $(PYTHON_3_13:%=--python %)
	touch $@

build-%Function: $(BUNDLE)
	cp -R $(FUNCTION)/. "$(ARTIFACTS_DIR)"

.PHONY: sam
sam: .venv-sam/$(INSTALLED) $(BUNDLE) ## validate and build with the SAM CLI; each function must be what `build` makes
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/sam validate --lint
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/sam build
	rm -rf $(FUNCTION).again
	.venv/bin/s3-guardrails build --unpacked $(FUNCTION).again $(PYTHON_3_13:%=--python %)
	count=0; for built in .aws-sam/build/*/; do diff -r $(FUNCTION).again "$$built"; count=$$((count + 1)); done; \
	test $$count -eq $$(grep -c 'Type: AWS::Serverless::Function$$' template.yaml); \
	echo "sam build: $$count functions, each as s3-guardrails build makes it"

.PHONY: lock
lock: ## refresh the lock files after a change of pyproject.toml or tools/sam-requirements.in; needs uv
	$(PIN) --all-extras --output-file $(LOCK) pyproject.toml
	$(PIN) --output-file $(SAM_LOCK) tools/sam-requirements.in

.venv-sam/$(INSTALLED): $(SAM_LOCK) tools/find_python.sh
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 or newer with venv and ensurepip, found none" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv-sam
	.venv-sam/bin/python -m pip install --quiet --require-hashes --no-deps --requirement $(SAM_LOCK)
	.venv-sam/bin/python -m pip check
	touch $@

.venv/$(INSTALLED): BASE = $(PYTHON)
.venv-3.13/$(INSTALLED): BASE = $(PYTHON_3_13)
%/$(INSTALLED): $(LOCK) pyproject.toml tools/find_python.sh
	@test -n "$(BASE)" || { echo "expected Python 3.11 or newer with venv and ensurepip, found none" >&2; exit 1; }
	"$(BASE)" -m venv --clear $*
	$*/bin/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	$*/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
