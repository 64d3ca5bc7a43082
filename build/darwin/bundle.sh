#!/usr/bin/env bash
# Builds build/bin/Sluice.app. 'make app' calls it, after the page and the
# libraries are built. sign.sh says how it is signed.
#
#   build/darwin/bundle.sh [VERSION]
set -euo pipefail

if [ "$(uname -s)" != Darwin ]; then
	echo "bundle: Sluice.app can be built on a Mac only; 'make desktop' builds the window here." >&2
	exit 1
fi
cd "$(dirname "$0")/../.."

version=${1:-dev}
# A bundle's version is three numbers and nothing else.
number=$(printf '%s\n' "$version" | sed -nE 's/^v?([0-9]+(\.[0-9]+){0,2}).*/\1/p')
case $version in *.*) ;; *) number=0.0.0 ;; esac

app=build/bin/Sluice.app
new=build/bin/new/Sluice.app
contents=$new/Contents
trap 'rm -rf build/bin/new' EXIT
rm -rf build/bin/new
mkdir -p "$contents/MacOS" "$contents/Resources"

echo "building $app $version"
sed "s/@VERSION@/${number:-0.0.0}/" build/darwin/Info.plist >"$contents/Info.plist"
plutil -lint -s "$contents/Info.plist"
printf 'APPL????' >"$contents/PkgInfo"
cp LICENSE NOTICE "$contents/Resources/"
iconutil -c icns -o "$contents/Resources/Sluice.icns" build/darwin/Sluice.iconset

oldest=$(plutil -extract LSMinimumSystemVersion raw -o - "$contents/Info.plist")
export CGO_ENABLED=1 MACOSX_DEPLOYMENT_TARGET=$oldest
export CGO_CFLAGS="-O2 -mmacosx-version-min=$oldest"
export CGO_CXXFLAGS=$CGO_CFLAGS CGO_LDFLAGS="-mmacosx-version-min=$oldest"
go build -trimpath -tags desktop,production -ldflags "-s -w -X sluice/app.version=$version" -o "$contents/MacOS/Sluice" .

build/darwin/sign.sh "$new"
rm -rf "$app"
mv "$new" "$app"
echo "$app is ready"
