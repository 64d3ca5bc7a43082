#!/usr/bin/env bash
# Prints the Homebrew cask of a release: sluice.rb.in, filled in.
#
#   build/darwin/cask.sh VERSION DMG >sluice.rb
set -euo pipefail

version=${1:?cask: which version?}
version=${version#v}
image=${2:?cask: which disk image?}
here=$(dirname "$0")
fail() {
	echo "cask: $1" >&2
	exit 1
}

printf '%s\n' "$version" | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || fail "'$version' is no version of a release"
# The address in the cask is made from the version.
[ "$(basename "$image")" = "Sluice-$version-arm64.dmg" ] || fail "$(basename "$image") is not the disk image of $version"
[ -f "$image" ] || fail "there is no $image"
sum=$(if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$image" | cut -d' ' -f1)

# What a Mac does with an app that Apple has not seen is said before it does it.
caveats='
  caveats <<~EOS
    Apple has not looked at this build of Sluice, so macOS refuses to open it at
    first. Try once, then press Open Anyway in
      System Settings > Privacy & Security
  EOS'
if command -v xcrun >/dev/null && xcrun stapler validate "$image" >/dev/null 2>&1; then
	caveats=
fi

while IFS= read -r line; do
	case $line in
	@CAVEATS@) [ -z "$caveats" ] || printf '%s\n' "$caveats" ;;
	*)
		line=${line//@VERSION@/$version}
		printf '%s\n' "${line//@SHA256@/$sum}"
		;;
	esac
done <"$here/sluice.rb.in"
