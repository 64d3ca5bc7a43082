#!/usr/bin/env bash
# Prepares a machine to build Sluice: tools, the whisper.cpp libraries and the
# Go binding to them. Safe to run again; what is done is not done twice.
#
#   build/setup.sh              everything a build needs
#   build/setup.sh desktop      also what the window needs (Linux: GTK and WebKitGTK)
#   build/setup.sh e2e          also a display, a desktop and a browser for the tests (Linux)
#   build/setup.sh whisper-cli  whisper.cpp's own program, for the comparison test
#   build/setup.sh bench        that, and the stack that Sluice replaces, for 'make bench' (Linux)
#
#   WHISPER_SRC=/dir   build this whisper.cpp instead of the pinned one
#   SLUICE_PORTABLE=1  no instructions that only this machine's processor has
#   SLUICE_NO_INSTALL=1  never install system packages, only say what is missing
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/build/cache
binding_module=github.com/ggerganov/whisper.cpp/bindings/go
go_min=1.26
macos_min=13.0
system=$(uname -s)

say() { printf 'setup: %s\n' "$*"; }
fail() {
	printf 'setup: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '       %s\n' "$2" >&2
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

digest() {
	if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# stamped DIR KEY: DIR was finished with exactly these inputs.
stamped() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

# quietly LOG HINT COMMAND...: output is shown only when the command fails.
quietly() {
	local log=$1 hint=$2
	shift 2
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		fail "'$1' failed; the whole output is in ${log#"$root"/}" "$hint"
	fi
}

jobs_here() {
	if have nproc; then nproc; else sysctl -n hw.ncpu; fi
}

install_tools() {
	case $system in
	Linux) install_debian ;;
	Darwin) install_mac ;;
	*) fail "$system is not supported" "Sluice builds on macOS and Linux." ;;
	esac
	check_go
	have node && have npm ||
		fail "node and npm are missing" "Install Node.js 20.19 or newer: https://nodejs.org, 'brew install node' or your distribution's package."
}

install_debian() {
	local missing=()
	have ffmpeg && have ffprobe || missing+=(ffmpeg)
	have cmake || missing+=(cmake)
	have g++ || missing+=(g++)
	have make || missing+=(make)
	have pkg-config || missing+=(pkg-config)
	have espeak-ng || missing+=(espeak-ng)
	have groff || missing+=(groff-base)
	[ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/pki/tls/certs/ca-bundle.crt ] || missing+=(ca-certificates)
	install_packages ${missing[@]+"${missing[@]}"}
}

# install_packages NAME...: Debian packages that are missing.
install_packages() {
	[ $# -gt 0 ] || return 0
	local by_hand="Install them yourself: $*"
	[ -z "${SLUICE_NO_INSTALL:-}" ] || fail "missing: $*" "$by_hand"
	have apt-get || fail "missing: $*" "$by_hand"
	local admin=()
	if [ "$(id -u)" != 0 ]; then
		have sudo || fail "missing: $*, and there is no sudo" "$by_hand"
		admin=(sudo)
	fi
	say "installing $*"
	quietly "$cache/log/apt.log" "Check the network, or install by hand: $*" \
		${admin[@]+"${admin[@]}"} apt-get -q update
	quietly "$cache/log/apt.log" "Check the network, or install by hand: $*" \
		${admin[@]+"${admin[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@"
}

# install_desktop: what the window is built with. A Mac has it all.
install_desktop() {
	[ "$system" = Linux ] || return 0
	local missing=()
	pkg-config --exists gtk+-3.0 2>/dev/null || missing+=(libgtk-3-dev)
	pkg-config --exists webkit2gtk-4.1 2>/dev/null || missing+=(libwebkit2gtk-4.1-dev)
	install_packages ${missing[@]+"${missing[@]}"}
}

# plugin NAME: GStreamer has it, by which the window plays media.
plugin() {
	compgen -G "/usr/lib*/gstreamer-1.0/libgst$1.so" >/dev/null ||
		compgen -G "/usr/lib/*/gstreamer-1.0/libgst$1.so" >/dev/null
}

# install_e2e: a display, a session bus, a window manager, a mouse, what plays
# media in the window, what reads the window aloud, and a browser.
install_e2e() {
	[ "$system" = Linux ] || return 0
	local missing=()
	have Xvfb || missing+=(xvfb)
	have dbus-daemon || missing+=(dbus)
	have openbox || missing+=(openbox)
	have xdotool || missing+=(xdotool)
	have import || missing+=(imagemagick)
	have chromium || missing+=(chromium)
	[ -x /usr/libexec/at-spi2-registryd ] || missing+=(at-spi2-core)
	plugin playback || missing+=(gstreamer1.0-plugins-base)
	plugin autodetect || missing+=(gstreamer1.0-plugins-good)
	plugin libav || missing+=(gstreamer1.0-libav)
	/usr/bin/python3 -c 'import gi; gi.require_version("Gtk", "3.0")' 2>/dev/null || missing+=(python3-gi gir1.2-gtk-3.0)
	# Not -q: who stops reading breaks the pipe, and that counts as not found.
	fc-list 2>/dev/null | grep -i 'cjk' >/dev/null || missing+=(fontconfig fonts-noto-cjk)
	install_packages ${missing[@]+"${missing[@]}"}
}

# install_rival: what Sluice replaces, for the comparison, and a browser to paint in.
install_rival() {
	[ "$system" = Linux ] || return 0
	local missing=()
	have redis-server || missing+=(redis-server)
	have chromium || missing+=(chromium)
	/usr/bin/python3 -c 'import celery, flask, gunicorn, redis' 2>/dev/null ||
		missing+=(python3-celery python3-flask python3-gunicorn python3-redis)
	install_packages ${missing[@]+"${missing[@]}"}
}

install_mac() {
	xcode-select -p >/dev/null 2>&1 ||
		fail "the command line tools are missing" "Run 'xcode-select --install' and try again."
	local missing=()
	have ffmpeg && have ffprobe || missing+=(ffmpeg)
	have cmake || missing+=(cmake)
	have espeak-ng || missing+=(espeak-ng)
	[ ${#missing[@]} -gt 0 ] || return 0
	[ -z "${SLUICE_NO_INSTALL:-}" ] || fail "missing: ${missing[*]}" "brew install ${missing[*]}"
	have brew || fail "missing: ${missing[*]}" "Install Homebrew from https://brew.sh, or these programs yourself."
	say "installing ${missing[*]} with Homebrew"
	quietly "$cache/log/brew.log" "Run 'brew install ${missing[*]}' yourself." brew install "${missing[@]}"
}

check_go() {
	have go || fail "Go is missing" "Install Go $go_min or newer: https://go.dev/dl or 'brew install go'."
	local version
	version=$(cd "$root" && go env GOVERSION 2>/dev/null) || version=$(GOWORK=off go env GOVERSION)
	version=${version#go}
	local major=${version%%.*} rest=${version#*.}
	local minor=${rest%%[!0-9]*}
	[ "$major" -gt "${go_min%%.*}" ] || { [ "$major" = "${go_min%%.*}" ] && [ "$minor" -ge "${go_min#*.}" ]; } ||
		fail "Go $version is too old" "Install Go $go_min or newer: https://go.dev/dl or 'brew install go'."
}

# fetch_source sets $source to a folder that holds whisper.cpp.
fetch_source() {
	if [ -n "${WHISPER_SRC:-}" ]; then
		source=$(cd "$WHISPER_SRC" 2>/dev/null && pwd) || fail "WHISPER_SRC=$WHISPER_SRC is no folder"
		[ -f "$source/include/whisper.h" ] || fail "there is no whisper.cpp in $source" "WHISPER_SRC names the folder that holds include/whisper.h."
		return
	fi
	local modules=$root/build/npm/node_modules
	source=$modules/nodejs-whisper/cpp/whisper.cpp
	local key
	key=$(digest <"$root/build/npm/package-lock.json")
	if ! stamped "$modules" "$key" || [ ! -f "$source/include/whisper.h" ]; then
		say "fetching the source of whisper.cpp (npm package nodejs-whisper, pinned)"
		(cd "$root/build/npm" && quietly "$cache/log/npm.log" "Check the network, or set WHISPER_SRC to a copy of whisper.cpp 1.9.1." \
			npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
		[ -f "$source/include/whisper.h" ] || fail "the npm package holds no whisper.cpp" "Set WHISPER_SRC to a copy of whisper.cpp 1.9.1."
		printf '%s\n' "$key" >"$modules/.stamp"
	fi
}

# build_page makes the web page that window and browser show, from frontend/.
build_page() {
	local page=$root/frontend modules=$root/frontend/node_modules key
	key=$(digest <"$page/package-lock.json")
	if ! stamped "$modules" "$key"; then
		say "fetching what the page is built with"
		(cd "$page" && quietly "$cache/log/page-npm.log" "Check the network." \
			npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
		printf '%s\n' "$key" >"$modules/.stamp"
	fi
	key=$(cd "$page" && find src ./*.html ./*.ts ./*.js package-lock.json tsconfig*.json -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | digest)
	if stamped "$page/dist/page" "$key"; then
		return
	fi
	say "building the page"
	(cd "$page" && quietly "$cache/log/page-build.log" "Run 'npm run check' in frontend/." npm run build)
	printf '%s\n' "$key" >"$page/dist/page/.stamp"
}

source_key() {
	if [ -n "${WHISPER_SRC:-}" ]; then
		(cd "$source" && find CMakeLists.txt include src ggml/CMakeLists.txt ggml/include ggml/src -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | digest
	else
		digest <"$root/build/npm/package-lock.json"
	fi
}

# cmake_flags fills $flags: what both the libraries and whisper-cli are built with.
cmake_flags() {
	local native=ON
	[ -z "${SLUICE_PORTABLE:-}" ] || native=OFF
	flags=(
		-DCMAKE_BUILD_TYPE=Release
		-DBUILD_SHARED_LIBS=OFF
		-DWHISPER_BUILD_TESTS=OFF
		-DWHISPER_BUILD_SERVER=OFF
		-DGGML_CCACHE=OFF
		-DGGML_NATIVE=$native
	)
	case $system in
	Darwin) flags+=(
		-DCMAKE_OSX_DEPLOYMENT_TARGET=$macos_min
		-DGGML_METAL=ON
		-DGGML_METAL_EMBED_LIBRARY=ON
		-DGGML_ACCELERATE=ON
		-DGGML_BLAS=ON
		-DGGML_BLAS_VENDOR=Apple
		-DGGML_OPENMP=OFF
	) ;;
	*) flags+=(-DGGML_OPENMP=ON) ;;
	esac
}

build_whisper() {
	local out=$cache/whisper new=$cache/whisper-new work=$cache/whisper-build key
	cmake_flags
	key=$(printf '%s\n' "$(source_key)" "${flags[@]}" "$system $(uname -m)" libraries | digest)
	if stamped "$out" "$key"; then
		say "whisper.cpp is built"
		return
	fi
	say "building whisper.cpp (a few minutes, once)"
	rm -rf "$new" "$work"
	mkdir -p "$new/include" "$new/ggml/include" "$new/lib"
	quietly "$cache/log/whisper-configure.log" "Check that cmake and a C++ compiler work." \
		cmake -S "$source" -B "$work" "${flags[@]}" -DWHISPER_BUILD_EXAMPLES=OFF
	quietly "$cache/log/whisper-build.log" "Check free disk space and memory; 'make clean' starts over." \
		cmake --build "$work" --target whisper --parallel "$(jobs_here)"
	cp "$source"/include/whisper.h "$new/include/"
	cp "$source"/ggml/include/*.h "$new/ggml/include/"
	find "$work" -name '*.a' -exec cp {} "$new/lib/" \;
	local lib wanted="whisper ggml ggml-base ggml-cpu"
	[ "$system" != Darwin ] || wanted="$wanted ggml-metal ggml-blas"
	for lib in $wanted; do
		[ -f "$new/lib/lib$lib.a" ] || fail "the build made no lib$lib.a" "See build/cache/log/whisper-build.log."
	done
	printf '%s\n' "$key" >"$new/.stamp"
	rm -rf "$out"
	mv "$new" "$out"
}

build_cli() {
	local out=$cache/whisper-cli work=$cache/whisper-build key
	cmake_flags
	key=$(printf '%s\n' "$(source_key)" "${flags[@]}" "$system $(uname -m)" cli | digest)
	if stamped "$out" "$key"; then
		say "whisper-cli is built"
		return
	fi
	say "building whisper-cli (a minute, once)"
	rm -rf "$out"
	mkdir -p "$out"
	# What the libraries were made of is most of it.
	grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source" "$work/CMakeCache.txt" || rm -rf "$work"
	quietly "$cache/log/cli-configure.log" "Check that cmake and a C++ compiler work." \
		cmake -S "$source" -B "$work" "${flags[@]}" -DWHISPER_BUILD_EXAMPLES=ON
	quietly "$cache/log/cli-build.log" "Check free disk space and memory." \
		cmake --build "$work" --target whisper-cli --parallel "$(jobs_here)"
	cp "$work/bin/whisper-cli" "$out/whisper-cli"
	printf '%s\n' "$key" >"$out/.stamp"
}

# prepare_binding copies the Go binding next to the libraries it links, because
# its module names no paths, and points a go.work at the copy.
prepare_binding() {
	local out=$cache/binding version dir key
	version=$(awk -v m="$binding_module" '$1 == m { print $2 } $1 == "require" && $2 == m { print $3 }' "$root/go.mod")
	[ -n "$version" ] || fail "go.mod does not name $binding_module"
	key=$(printf '%s\n' "$version" "$(digest <"$0")" | digest)
	if ! stamped "$out" "$key"; then
		say "preparing the Go binding"
		dir=$(cd "$root" && GOWORK=off go mod download -json "$binding_module@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",\{0,1\}$/\1/p')
		[ -n "$dir" ] && [ -d "$dir" ] || fail "the Go binding could not be downloaded" "Check the network and 'go env GOPROXY'."
		rm -rf "$out"
		mkdir -p "$out"
		local file
		for file in "$dir"/*.go; do
			case $file in *_test.go) ;; *) cp "$file" "$out/" ;; esac
		done
		cp "$dir/go.mod" "$dir/LICENSE" "$out/"
		chmod -R u+w "$out"
		cat >"$out/paths.go" <<-'PATHS'
			package whisper

			// #cgo CFLAGS: -I${SRCDIR}/../whisper/include -I${SRCDIR}/../whisper/ggml/include
			// #cgo LDFLAGS: -L${SRCDIR}/../whisper/lib
			import "C"
		PATHS
		printf '%s\n' "$key" >"$out/.stamp"
	fi
	local go_line work
	go_line=$(awk '$1 == "go" { print $2; exit }' "$root/go.mod")
	work=$(printf 'go %s\n\nuse .\n\nreplace %s => ./build/cache/binding' "$go_line" "$binding_module")
	[ -f "$root/go.work" ] && [ "$(cat "$root/go.work")" = "$work" ] || printf '%s\n' "$work" >"$root/go.work"
}

case ${1:-all} in
all | desktop | e2e)
	install_tools
	[ "${1:-all}" = all ] || install_desktop
	[ "${1:-all}" != e2e ] || install_e2e
	fetch_source
	build_whisper
	prepare_binding
	build_page
	say "ready"
	;;
whisper-cli | bench)
	install_tools
	[ "$1" != bench ] || install_rival
	fetch_source
	build_cli
	say "build/cache/whisper-cli/whisper-cli is ready"
	;;
*)
	fail "there is nothing called '$1' to set up" "Run it without a word, or with 'desktop', 'e2e', 'whisper-cli' or 'bench'."
	;;
esac
