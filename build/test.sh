#!/usr/bin/env bash
# All tests, as 'make test' and CI run them. Arguments go to 'go test'.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "running the Go tests"
exec go test "$@" ./...
