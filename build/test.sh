#!/usr/bin/env bash
# All tests, as 'make test' and CI run them. Arguments go to 'go test'.
set -euo pipefail
cd "$(dirname "$0")/.."
export SLUICE_TEST_ALL=1 # also what is too slow for all day
# SQLite is C that was made into Go: the race detector makes it twenty times
# slower, and what it would find there is not ours. Only that package: others have
# generic functions in them, whose unwatched copies the linker would use for ours.
case " $* " in *" -race "*) set -- "$@" -gcflags=modernc.org/sqlite/lib=-race=false ;; esac
echo "running the Go tests"
status=0
go test "$@" ./... || status=$?
echo "running the page's tests"
(cd frontend && npm run --silent test) || status=$?
exit $status
