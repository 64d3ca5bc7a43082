#!/usr/bin/env bash
# Runs every fuzz target for a while (FUZZTIME, 20s each), one after another.
# Arguments are packages; none: all. What a target finds lies under testdata/fuzz
# of its package: make it a named case of a test, and remove it there.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2046 # the names of packages hold no spaces
[ $# -gt 0 ] || set -- $(grep -rl --include='*_test.go' '^func Fuzz' app internal | xargs -n1 dirname | sort -u | sed 's|^|./|')
failed=()
for package in "$@"; do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "fuzzing $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" "$package" | tail -15 || failed+=("$package $target")
	done
done
[ ${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "${failed[@]}"; exit 1; }
