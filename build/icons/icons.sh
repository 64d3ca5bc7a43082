#!/usr/bin/env bash
# Draws every icon from build/appicon.svg; '--check' only says which would differ.
set -euo pipefail
cd "$(dirname "$0")"

# npm writes its own list into node_modules when it is done.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	npm ci --silent
fi
node icons.mjs "$@"
