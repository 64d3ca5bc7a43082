#!/usr/bin/env bash
# Packs build/bin/Sluice.app into a disk image beside it, with its checksum.
# 'make dmg' calls it. sign.sh and notarise.sh say which variables make it one
# that opens everywhere without a question.
#
#   build/darwin/dmg.sh VERSION
set -euo pipefail

if [ "$(uname -s)" != Darwin ]; then
	echo "dmg: a disk image can be made on a Mac only." >&2
	exit 1
fi
cd "$(dirname "$0")/../.."

version=${1:?dmg: which version?}
version=${version#v}
case $version in
*[!0-9A-Za-z.+_-]*)
	echo "dmg: '$version' is no version" >&2
	exit 1
	;;
esac
app=build/bin/Sluice.app
[ -d "$app" ] || {
	echo "dmg: there is no $app; 'make app' builds it" >&2
	exit 1
}
name=Sluice-$version-$(uname -m).dmg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build/darwin/sign.sh "$app"
build/darwin/notarise.sh "$app"

# What one sees in it: the app, and the folder to drag it to.
mkdir "$work/Sluice"
ditto "$app" "$work/Sluice/Sluice.app"
ln -s /Applications "$work/Sluice/Applications"
echo "packing $name"
# Something of the system's may look into the new image just then ("Resource busy").
for try in 1 2 3; do
	if hdiutil create -quiet -ov -volname Sluice -srcfolder "$work/Sluice" -fs HFS+ -format UDZO -imagekey zlib-level=9 "$work/$name"; then
		break
	fi
	[ $try != 3 ] || exit 1
	sleep 5
done
build/darwin/sign.sh "$work/$name"
build/darwin/notarise.sh "$work/$name"
hdiutil verify -quiet "$work/$name"

(cd "$work" && if command -v sha256sum >/dev/null; then sha256sum "$name"; else shasum -a 256 "$name"; fi >"$name.sha256")
mv "$work/$name" "$work/$name.sha256" build/bin/
echo "build/bin/$name is ready"
