# Sluice. 'make help' lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := build/bin/sluice
DEMO    := build/models/sluice-tiny
LDFLAGS := -s -w -X sluice/app.version=$(VERSION)

.PHONY: help setup build run test race lint e2e bench verify clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 14

setup: ## install what is missing, build whisper.cpp (quick the second time)
	@./build/setup.sh

build: setup ## build the headless binary: build/bin/sluice
	@echo "building $(BIN)"
	@go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) .

run: build ## transcribe the sample video with the small demo model
	@echo "transcribing $(DEMO)/clips/demo.mp4 with the demo model (it knows a hundred words; see README)"
	@$(BIN) transcribe --model $(DEMO)/sluice-tiny.bin --language en --times $(DEMO)/clips/demo.mp4

test: build ## run all tests
	@build/test.sh $(ARGS)

race: setup ## run the Go tests with the race detector, in random order
	@go test -race -shuffle=on ./...

lint: ## vet, also for a Mac, and golangci-lint when it is installed
	@go vet ./...
	@GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else echo "golangci-lint is not installed: skipped"; fi

e2e: setup ## run the program itself through its paces
	@go test -count=1 ./app

bench: setup ## print speed and memory figures, and write them to build/bench.json
	@go test -run '^$$' -bench . ./app ./internal/... | tee build/bench.txt
	@node build/bench.mjs build/bench.txt >build/bench.json
	@rm build/bench.txt

verify: setup ## check that generated files are up to date
	@go run . openapi | diff -u internal/httpapi/testdata/openapi.json - || { echo "hint: go test ./internal/httpapi -update"; exit 1; }

clean: ## remove what was built; downloads stay
	@rm -rf build/bin build/cache go.work go.work.sum
