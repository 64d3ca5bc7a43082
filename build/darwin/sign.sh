#!/usr/bin/env bash
# Signs an app or a disk image.
#
#   build/darwin/sign.sh TARGET
#
# Without an identity an app is signed ad hoc: that seals it, so that this Mac
# runs it, but names nobody, and other Macs ask before they open it. With one it
# gets the hardened runtime, which Apple wants before it looks at it. No
# entitlements are needed: the page runs in a process of WebKit's own.
#
#   APPLE_SIGN_IDENTITY  a Developer ID in a keychain of this user, or
#   APPLE_CERT_P12       the certificate with its key, as base64 of a .p12 file, and
#   APPLE_CERT_PASSWORD  what opens it
set -euo pipefail

target=${1:?sign: what is to be signed?}
identity=${APPLE_SIGN_IDENTITY:-}
work=
keychain=
before=()

fail() {
	echo "sign: $1" >&2
	exit 1
}

# tidy takes the key off this machine again, however this ended.
tidy() {
	[ -z "$keychain" ] || {
		security list-keychains -d user -s ${before[@]+"${before[@]}"} || true
		security delete-keychain "$keychain" || true
	}
	[ -z "$work" ] || rm -rf "$work"
}
trap tidy EXIT

# unpack puts the certificate into a keychain that lives as long as this script.
# Only the machine's own user can read the arguments of these programs.
unpack() {
	[ -n "${APPLE_CERT_PASSWORD:-}" ] || fail "APPLE_CERT_P12 is set, APPLE_CERT_PASSWORD is not"
	umask 077
	work=$(mktemp -d)
	printf '%s' "$APPLE_CERT_P12" | base64 --decode >"$work/cert.p12" || fail "APPLE_CERT_P12 is no base64"
	local line listed password
	password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	listed=$(security list-keychains -d user | sed -E 's/^ *"(.*)"$/\1/')
	while IFS= read -r line; do
		[ -z "$line" ] || before+=("$line")
	done <<<"$listed"
	security create-keychain -p "$password" "$work/sign.keychain-db"
	keychain=$work/sign.keychain-db
	security set-keychain-settings -lut 3600 "$keychain"
	security unlock-keychain -p "$password" "$keychain"
	security import "$work/cert.p12" -k "$keychain" -f pkcs12 -P "$APPLE_CERT_PASSWORD" -T /usr/bin/codesign >/dev/null
	security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
	# The chain up to Apple is looked for in the listed keychains only.
	security list-keychains -d user -s "$keychain" ${before[@]+"${before[@]}"}
	# Not in one pipe: it would break where the one end stops reading.
	listed=$(security find-identity -v -p codesigning "$keychain")
	identity=$(sed -nE '/"Developer ID Application: /{s/^ *[0-9]+\) ([0-9A-F]{40}) .*/\1/p;q;}' <<<"$listed")
	[ -n "$identity" ] || fail "APPLE_CERT_P12 holds no valid Developer ID Application"
}

if [ -n "${APPLE_CERT_P12:-}" ]; then
	unpack
fi
case $target in
*.app) hardened=(--options runtime) ;;
*) hardened=() ;;
esac

if [ -n "$identity" ]; then
	echo "signing $(basename "$target") with a Developer ID"
	codesign --force ${hardened[@]+"${hardened[@]}"} --timestamp --sign "$identity" "$target"
elif [ ${#hardened[@]} -gt 0 ]; then
	echo "signing $(basename "$target") ad hoc"
	codesign --force --timestamp=none --sign - "$target"
else
	exit 0 # there is nothing in a disk image that an ad hoc signature would seal
fi
codesign --verify --strict "$target"
