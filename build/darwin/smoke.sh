#!/usr/bin/env bash
# Starts the built Sluice.app in a folder of its own for ten seconds: it must
# live, answer, hold its window, and end by itself when it is told to. Out of a
# disk image it is copied first, as people do.
#
#   build/darwin/smoke.sh [APP or DMG]
set -euo pipefail
cd "$(dirname "$0")/../.."

app=${1:-build/bin/Sluice.app}
SLUICE_HOME=$(mktemp -d)
export SLUICE_HOME SLUICE_SERVER_LISTEN=127.0.0.1:0
log=$SLUICE_HOME/stderr.txt
pid=
mounted=
finish() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
	[ -z "$mounted" ] || hdiutil detach -quiet "$mounted" || true
	[ ! -f "$log" ] || cat "$log"
	rm -rf "$SLUICE_HOME" ${copy:+"$copy"}
}
trap finish EXIT
fail() {
	echo "smoke: $1" >&2
	exit 1
}

copy=
case $app in
*.dmg)
	copy=$(mktemp -d)
	mkdir "$copy/volume"
	hdiutil attach -quiet -nobrowse -readonly -mountpoint "$copy/volume" "$app"
	mounted=$copy/volume
	[ "$(readlink "$mounted/Applications")" = /Applications ] || fail "the disk image does not say where to put the app"
	ditto "$mounted/Sluice.app" "$copy/Sluice.app"
	hdiutil detach -quiet "$mounted"
	mounted=
	app=$copy/Sluice.app
	codesign --verify --strict "$app" || fail "its signature did not survive the disk image"
	;;
esac

"$app/Contents/MacOS/Sluice" 2>"$log" &
pid=$!
sleep 10
kill -0 "$pid" 2>/dev/null || fail "it did not live for ten seconds"
url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$SLUICE_HOME/server.json")
curl -fsS "$url/healthz" | grep -q '"status":"ok"' || fail "it does not answer at $url"
# Only an app with a window is told so; a server says 409.
curl -fsS -X POST "$url/api/v1/window/show" || fail "it has no window"
if command -v screencapture >/dev/null; then screencapture -x build/bin/smoke.png || true; fi

kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=
[ "$code" = 0 ] || fail "it ended with code $code"
[ ! -e "$SLUICE_HOME/server.json" ] || fail "it left its address behind"
echo "smoke: fine"
