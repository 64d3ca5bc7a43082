# Sluice. 'make help' lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := build/bin/sluice
WINDOW  := build/bin/sluice-desktop
DEMO    := build/models/sluice-tiny
LDFLAGS := -s -w -X sluice/app.version=$(VERSION)

# What Wails wants to be built with; webkit2_41 is the WebKitGTK of today's Linux.
TAGS    := desktop,production,webkit2_41

.PHONY: help setup build run test race lint e2e fuzz shots bench bench-memory soak desktop window app dmg install icons api man verify clean

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
	@if [ "$$(uname -s)" = Linux ] && pkg-config --exists webkit2gtk-4.1; then $(MAKE) --no-print-directory window; fi
	@build/test.sh $(ARGS)

race: setup ## run the Go tests with the race detector, in random order
	@go test -race -gcflags=modernc.org/sqlite/lib=-race=false -shuffle=on ./...

lint: ## vet, also for a Mac, golangci-lint and shellcheck when they are installed, the workflows, and the page's own
	@go vet ./...
	@GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else echo "golangci-lint is not installed: skipped"; fi
	@if command -v golangci-lint >/dev/null && pkg-config --exists webkit2gtk-4.1 2>/dev/null; then golangci-lint run --build-tags $(TAGS) ./app/... ./internal/tray/...; fi
	@if command -v shellcheck >/dev/null; then shellcheck build/*.sh build/*/*.sh .ci/run app/testdata/mac/tool; else echo "shellcheck is not installed: skipped"; fi
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	@cd frontend && npm run --silent check

e2e: ## run the whole program: server, window, tray, and the page in a browser
	@build/setup.sh e2e
	@$(MAKE) --no-print-directory build window
	@SLUICE_TEST_ALL=1 go test -count=1 $(ARGS) ./app
	@cd frontend && npm run --silent e2e

fuzz: setup ## feed every parser of outside bytes with anything, FUZZTIME (20s) each
	@build/fuzz.sh $(ARGS)

shots: build ## keep a screenshot of each view, theme and language: build/shots/views
	@build/setup.sh e2e
	@build/shots/views.sh

desktop: ## build the app with its window and open it (Linux)
	@build/setup.sh desktop
	@$(MAKE) --no-print-directory window
	@$(WINDOW)

window:
	@echo "building $(WINDOW)"
	@CGO_ENABLED=1 go build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o $(WINDOW) .

app: setup ## build Sluice.app (on a Mac)
	@build/darwin/bundle.sh '$(VERSION)'

dmg: app ## pack Sluice.app into a disk image with its checksum (on a Mac)
	@build/darwin/dmg.sh '$(VERSION)'

install: ## put the programs, the menu's entry and its icons below PREFIX (~/.local; Linux)
	@build/setup.sh desktop
	@$(MAKE) --no-print-directory build window
	@build/linux/install.sh $(if $(PREFIX),'$(PREFIX)')

icons: ## draw every icon from build/appicon.svg
	@build/icons/icons.sh

bench: build ## print speed and memory figures, and write them to build/bench.json
	@build/setup.sh bench
	@go test -run '^$$' -bench . -timeout 60m ./app ./internal/... | tee build/bench.txt
	@node build/bench.mjs build/bench.txt >build/bench.json
	@rm build/bench.txt

bench-memory: build ## print what N=3 jobs at once cost where one engine fits, and what an idle server takes (Linux, root)
	@build/setup.sh whisper-cli
	@SLUICE_BENCH_MEMORY=$(or $(N),3) go test -run '^$$' -bench '^Benchmark(Memory|Idle)$$' -benchtime 1x -timeout 30m ./app | tee build/bench.txt
	@node build/bench.mjs build/bench.txt >build/bench-memory.json
	@rm build/bench.txt

soak: setup ## kill the program 50 times at random moments, hear hours of sound, and try very many things on the line
	@echo "killing the program and its store again and again (some minutes)"
	@SLUICE_TEST_ALL=1 SLUICE_TEST_SOAK=1 go test -count=1 -v -timeout 60m -run 'Kill' $(ARGS) ./app ./internal/sqlitestore | grep -vE '^=== '
	@echo "hearing two hours, and twelve, and uploading five gigabytes"
	@SLUICE_TEST_ALL=1 SLUICE_TEST_SOAK=1 go test -count=1 -v -timeout 60m -run 'Hours' $(ARGS) ./app | grep -vE '^=== '
	@echo "watching for an hour what the app with its window hidden takes ('make window' builds it)"
	@SLUICE_TEST_ALL=1 SLUICE_TEST_SOAK=1 go test -count=1 -v -timeout 2h -run 'TestAnHourInTheTray' $(ARGS) ./app | grep -vE '^=== '
	@echo "trying very many things on the line, beside its plain reference"
	@SLUICE_TEST_ALL=1 SLUICE_TEST_SOAK=1 go test -count=1 -v -timeout 60m -run 'TestReference|EveryStore' $(ARGS) ./internal/storetest ./internal/sqlitestore -rapid.checks=50 -rapid.steps=100 | grep -vE '^=== '

verify: setup ## check that generated files and icons are up to date, and what the page weighs
	@node frontend/scripts/size.mjs
	@build/icons/icons.sh --check
	@go run . openapi | diff -u internal/httpapi/testdata/openapi.json - || { echo "hint: go test ./internal/httpapi -update"; exit 1; }
	@diff -u internal/httpapi/testdata/openapi.json frontend/src/lib/api/openapi.json || { echo "hint: make api"; exit 1; }
	@cd frontend && cp src/lib/api/schema.d.ts node_modules/.schema.d.ts && npm run --silent api && diff -u node_modules/.schema.d.ts src/lib/api/schema.d.ts || { echo "hint: make api"; exit 1; }

api: setup ## write the HTTP API down for the page, after a change of routes
	@go test ./internal/httpapi -run Golden -update >/dev/null
	@cp internal/httpapi/testdata/openapi.json frontend/src/lib/api/openapi.json
	@cd frontend && npm run --silent api

man: build ## write the manual pages: build/man
	@$(BIN) man build/man
	@echo "wrote build/man; 'man -l build/man/sluice.1' shows the first"

clean: ## remove what was built; downloads stay
	@rm -rf build/bin build/man build/cache frontend/dist/page go.work go.work.sum
