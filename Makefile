# The commands of this repository; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test test-node network-table start-race image rhai-engine generate bench-worker bench-acl bench-operator bench-dev-loop bench-hats bench-broker bench-rhai chaos-worker footprint
MAKEFLAGS += --no-print-directory

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Run two workers on this machine, ask each something, end everything
	@sh scripts/install.sh
	@npm run --silent demo

test: ## Run every check and test, those on a real control plane and on a node included
	@sh scripts/install.sh
	@npm run --silent test:all

test-node: ## Run the tests on a node of its own: pods, policies, DNS; needs root on Linux
	@sh scripts/install.sh
	@npm run --silent node

network-table: ## Measure what workers reach, and write the table of docs/network.md
	@sh scripts/install.sh
	@REDISWORKER_RECORD=1 npx vitest run --project node test/node/network-table

start-race: ## Start 300 pods that dial what is forbidden, with the gate and without; takes a quarter of an hour
	@sh scripts/install.sh
	@REDISWORKER_RECORD=1 REDISWORKER_RACE_WAVES=10 npx vitest run --project node test/node/start-race

generate: ## Write what is generated: crds/, files of the chart, the reference
	@sh scripts/install.sh
	@npm run --silent generate

bench-worker: ## Measure the worker's speed beside others; QUICK=1 takes four minutes, PARTS=lean,sharing some parts alone
	@sh scripts/install.sh
	@npm run --silent bench:worker

bench-acl: ## Measure what a Redis user of its own costs a worker
	@sh scripts/install.sh
	@npm run --silent bench:acl

bench-operator: ## Measure the operator with thousands of workers; QUICK=1 leaves out the 5,000; needs root on Linux
	@sh scripts/install.sh
	@npm run --silent bench:operator

bench-broker: ## Measure calls between modules beside what the platform allows
	@sh scripts/install.sh
	@npm run --silent bench:broker

bench-dev-loop: ## Measure the way from an editor to a reply
	@sh scripts/install.sh
	@npm run --silent bench:dev-loop

bench-hats: ## Measure calls of scripts, the takeover of threads and the ticks of jobs
	@sh scripts/install.sh
	@npm run --silent bench:hats

bench-rhai: ## Measure Rhai tasks beside the native Rhai; needs Rust
	@sh scripts/install.sh
	@npm run --silent bench:rhai

chaos-worker: ## Kill the worker, cut its connections, fill Redis, fail over; count what was lost
	@sh scripts/install.sh
	@npm run --silent chaos:worker

rhai-engine: ## Build the Rhai engine from worker/rhai/engine into WebAssembly
	@sh scripts/install.sh
	@npm run --silent rhai-engine

image: ## Build the images of the operator and of worker pods, dist/*-image.tar
	@sh scripts/install.sh
	@npm run --silent image

footprint: ## Measure what the operator, the images and the command line take; needs root on Linux
	@sh scripts/install.sh
	@npm run --silent footprint
