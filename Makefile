# The project's commands. `make help` lists them.
STATE ?= .cluster
DEV ?= --masters 1 --slaves 1 --load-balancers 1
RELEASE := .build/release
CLUSTER := $(RELEASE)/mesos-cluster

.DEFAULT_GOAL := help
.PHONY: help deps build run stop start down status test bench lint docs

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what is missing; a second call installs nothing
	@scripts/install-dependencies

build: deps ## build all executables (release, Swift runtime linked statically)
	@swift build -c release --static-swift-stdlib

run: build ## start the development cluster, deploy examples/ and show that they work
	@$(CLUSTER) dev --state $(STATE) $(DEV)
	@$(CLUSTER) deploy --state $(STATE) examples/web.json examples/job-fetch.json examples/job-report.json
	@$(CLUSTER) status --state $(STATE)

stop: ## stop the development cluster; its state stays
	@$(CLUSTER) stop --state $(STATE)

start: ## start it again from its state
	@$(CLUSTER) start --state $(STATE)

down: ## end it and remove its state; the logs stay
	@$(CLUSTER) down --state $(STATE)

status: ## the table of nodes, components, roles and health
	@$(CLUSTER) status --state $(STATE)

test: deps ## build and pass all unit and integration tests
	@scripts/test

bench: build ## measure the figures of docs/figures.md
	@scripts/bench

lint: deps ## formatting, names of this machine, Foundation in entrypoints
	@scripts/lint

docs: build ## write docs/reference/ from the declared settings
	@scripts/generate-docs
