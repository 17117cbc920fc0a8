# Targets for people. `make` prints them; CI runs `make test` and nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
GO ?= go
VERSION_STATICCHECK := v0.8.2
VERSION_GOVULNCHECK := v1.9.0

.PHONY: help build unit test test-crash test-cuts test-drift demo lint release vuln update fuzz bench bench-go cover lab clean

help: ## print the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/appm-provision, static
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/appm-provision ./cmd/appm-provision

unit: ## laws, arrows, cases: offline, seconds
	$(GO) vet ./...
	$(GO) test . ./cmd/... ./pkg/...

test: ## all tests; installs what they need (as root: real hosts and real servers)
	env=$$($(GO) run ./integration/cmd/prepare) && eval "$$env" && \
	$(MAKE) lint && \
	APPM_REQUIRE_SERVERS=1 $(GO) test -timeout 30m ./...

test-crash: ## every cut point of a load and of a change of accounts, on every database server that can run here
	env=$$($(GO) run ./integration/cmd/prepare) && eval "$$env" && \
	APPM_CRASH=all APPM_REQUIRE_SERVERS=1 $(GO) test -count=1 -timeout 60m -v ./pkg/dbinit -run 'Cut|Killed|Interrupted|Folds'

test-cuts: ## a full apply, cut and killed at each operation on the wire; APPM_CUTS=300 takes that many
	env=$$($(GO) run ./integration/cmd/prepare) && eval "$$env" && \
	APPM_CUTS=$${APPM_CUTS:-all} APPM_REQUIRE_SERVERS=1 $(GO) test -count=1 -timeout 8h -v ./integration -run 'TestCuts$$'

test-drift: ## 500 random changes of files and servers, each healed or refused; APPM_SEED repeats them
	env=$$($(GO) run ./integration/cmd/prepare) && eval "$$env" && \
	APPM_DRIFT=$${APPM_DRIFT:-500} APPM_REQUIRE_SERVERS=1 $(GO) test -count=1 -timeout 3h -v ./integration -run 'TestDrift$$'

demo: ## the main job on a lab of four nodes on this machine, as you are
	@$(GO) run ./integration/cmd/demo

lab: ## a lab to play with, in DIR or a new folder; says how to end it
	@$(GO) run ./integration/lab/cmd/lab up -pack $(if $(DIR),-dir $(DIR)) embedded

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@$(VERSION_STATICCHECK) ./...

release: ## dist/: archives for Linux, macOS and Windows with man pages and completions, checksums, bills of materials
	$(GO) run ./integration/cmd/release

vuln: ## govulncheck; fails where its database (GOVULNDB, else vuln.go.dev) cannot be reached
	@out=$$($(GO) run golang.org/x/vuln/cmd/govulncheck@$(VERSION_GOVULNCHECK) ./... 2>&1); code=$$?; echo "$$out"; \
	case $$out in *"fetching vulnerabilities"*) \
		echo; echo "NOT CHECKED: the vulnerability database cannot be reached from here; GOVULNDB names another one" >&2;; \
	esac; exit $$code

update: ## rewrite expected results in testdata, then look at git diff
	$(GO) test ./pkg/steps ./pkg/report ./pkg/inventory ./cmd/... . -update
	@git diff --stat

fuzz: ## each fuzz test for 60 s
	@for p in $$($(GO) list ./pkg/...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime 60s || exit 1; \
		done; done

bench: ## what runs and uploads cost beside a login, scp and sftp, on 4, 16 and 64 hosts; APPM_BENCH=1 insists on the bounds
	@mkdir -p bin && $(GO) build -o bin/bench ./integration/cmd/bench && bin/bench

bench-go: ## the packages' own benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./pkg/...

cover: ## coverage of the unit tests
	$(GO) test -coverprofile=/dev/stdout ./pkg/... | grep -v '^ok' | $(GO) tool cover -func=/dev/stdin | tail -n 1

clean: ## remove what make built
	rm -rf bin dist
