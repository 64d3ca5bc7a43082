#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version; one that it does not know is not
# released. What comes before a version (1.2.0-rc.1) may still be "Unreleased".
#
#   build/notes.sh VERSION
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?notes: of which version?}
version=${version#v}
printf '%s\n' "$version" | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || {
	echo "notes: '$version' is no version of a release" >&2
	exit 1
}

# section NAME: what lies between "## NAME" and the next such heading.
section() {
	awk -v name="$1" '
		/^## / { on = ($2 == name || $2 == "[" name "]"); next }
		on && (NF || some) { some = 1; print }
	' CHANGELOG.md
}
notes=$(section "$version")
case $version in
*-*) [ -n "$notes" ] || notes=$(section Unreleased) ;;
esac
[ -n "$notes" ] || {
	echo "notes: CHANGELOG.md does not say what is new in $version" >&2
	exit 1
}
printf '%s\n' "$notes"
