#!/usr/bin/env bash
# Has Apple look at a signed app or disk image, and fastens the ticket to it, so
# that other Macs open it without a word, also without a network.
#
#   build/darwin/notarise.sh TARGET
#
# Without the key of App Store Connect it does nothing and says so.
#
#   APPLE_NOTARY_KEY     the key, as base64 of its .p8 file
#   APPLE_NOTARY_KEY_ID  its ten characters
#   APPLE_NOTARY_ISSUER  whose it is, a UUID
set -euo pipefail

target=${1:?notarise: what?}
fail() {
	echo "notarise: $1" >&2
	exit 1
}

missing=()
for name in APPLE_NOTARY_KEY APPLE_NOTARY_KEY_ID APPLE_NOTARY_ISSUER; do
	[ -n "${!name:-}" ] || missing+=("$name")
done
case ${#missing[@]} in
0) ;;
3)
	echo "$(basename "$target") is not notarised: there is no APPLE_NOTARY_KEY"
	exit 0
	;;
*) fail "not set: ${missing[*]}" ;;
esac
[ -n "${APPLE_CERT_P12:-}${APPLE_SIGN_IDENTITY:-}" ] ||
	fail "Apple looks at nothing that is signed ad hoc; set APPLE_CERT_P12 as well"

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s' "$APPLE_NOTARY_KEY" | base64 --decode >"$work/key.p8" || fail "APPLE_NOTARY_KEY is no base64"
who=(--key "$work/key.p8" --key-id "$APPLE_NOTARY_KEY_ID" --issuer "$APPLE_NOTARY_ISSUER")

case $target in
*.app)
	# An app is a folder; what is sent is one file.
	sent=$work/Sluice.zip
	ditto -c -k --keepParent "$target" "$sent"
	assess=(--type execute)
	;;
*)
	sent=$target
	assess=(--type open --context context:primary-signature)
	;;
esac

echo "sending $(basename "$target") to Apple"
xcrun notarytool submit "$sent" "${who[@]}" --wait --timeout 45m --output-format json >"$work/answer.json"
# It ends with 0 as well when Apple says no.
answer() { sed -nE 's/.*"'"$1"'" *: *"([^"]*)".*/\1/p' "$work/answer.json"; }
status=$(answer status)
if [ "$status" != Accepted ]; then
	xcrun notarytool log "$(answer id)" "${who[@]}" >&2 || true
	fail "Apple says ${status:-nothing}"
fi
xcrun stapler staple "$target"
xcrun stapler validate "$target"
spctl --assess "${assess[@]}" "$target"
echo "$(basename "$target") is notarised"
