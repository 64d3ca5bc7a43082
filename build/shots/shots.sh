#!/usr/bin/env bash
# Makes the README's screenshots: the real program on a display nobody sees, with
# the demo model, made-up memory readings and an hour of made-up history.
#
#   build/shots/shots.sh [FOLDER]   into build/shots, or that folder
#
# It needs Linux, 'make window', 'build/setup.sh e2e', and the packages xfce4-panel
# and locales.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
app=$root/build/bin/sluice-desktop
demo=$root/build/models/sluice-tiny

need() {
	command -v "$1" >/dev/null || { echo "shots: $1 is not installed" >&2; exit 1; }
}

# The stage is a world of processes of its own: what holds memory in it is in the
# pictures, and when this script ends, whatever it has started does too.
if [ -z "${SLUICE_SHOTS_STAGE:-}" ]; then
	for program in unshare localedef Xvfb dbus-daemon openbox xdotool import xfce4-panel ffmpeg python3; do need $program; done
	[ -x "$app" ] || { echo "shots: build/bin/sluice-desktop is missing: make window" >&2; exit 1; }
	mkdir -p "${1:-$root/build/shots}"
	SLUICE_SHOTS_OUT=$(cd "${1:-$root/build/shots}" && pwd)
	SLUICE_SHOTS_STAGE=$(mktemp -d)
	export SLUICE_SHOTS_OUT SLUICE_SHOTS_STAGE
	trap 'rm -rf "$SLUICE_SHOTS_STAGE"' EXIT
	user=()
	[ "$(id -u)" = 0 ] || user=(--user --map-root-user)
	unshare ${user[@]+"${user[@]}"} --fork --pid --mount-proc --kill-child "$0"
	exit
fi
stage=$SLUICE_SHOTS_STAGE
out=$SLUICE_SHOTS_OUT

export HOME=$stage/user XDG_RUNTIME_DIR=$stage/run
export XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
export GDK_BACKEND=x11 NO_AT_BRIDGE=1 LOCPATH=$stage/locale
export SLUICE_SERVER_LISTEN=127.0.0.1:0 SLUICE_SPEECH_MODEL=sluice-tiny SLUICE_SPEECH_LANGUAGE=en SLUICE_SPEECH_BEAM_SIZE=1
export SLUICE_MEMORY_SCRIPT=$here/readings.ndjson
unset WAYLAND_DISPLAY DISPLAY LC_ALL LANGUAGE
mkdir -p "$HOME" "$XDG_CONFIG_HOME" "$LOCPATH"
mkdir -m 700 "$XDG_RUNTIME_DIR"

# What each language calls its files: three that are done or failed already, the
# running one, and those that wait.
# shellcheck disable=SC2034  # read by name
names_en=("Weekly meeting.mp4" "Camera test without sound.mp4" "Voice memo 12.wav"
	"Lecture 7 - Tides and gates.mp4" "Interview with the harbour master.mp4" "Podcast, episode 41.flac" "Walk along the canal.mp4")
# shellcheck disable=SC2034  # read by name
names_ko=("주간 회의.mp4" "소리 없는 카메라 테스트.mp4" "음성 메모 12.wav"
	"7강 - 조수와 수문.mp4" "항만장 인터뷰.mp4" "팟캐스트 41화.flac" "운하 산책.mp4")

show_display() {
	mkfifo "$stage/number"
	exec 9<>"$stage/number"
	Xvfb -displayfd 9 -screen 0 1280x1080x24 -nolisten tcp -noreset 2>"$stage/xvfb.log" &
	read -r -u 9 number
	export DISPLAY=:$number
	dbus-daemon --session --nofork --nopidfile --print-address >"$stage/bus" 2>"$stage/bus.log" &
	until [ -s "$stage/bus" ]; do sleep 0.1; done
	DBUS_SESSION_BUS_ADDRESS=$(<"$stage/bus")
	export DBUS_SESSION_BUS_ADDRESS
	openbox --sm-disable 2>"$stage/openbox.log" &
	until xdotool get_desktop >/dev/null 2>&1; do sleep 0.1; done
	display -size 64x64 -window root xc:'#5b6b70' || true # without it the backdrop is black
}

# make_media LANG: short clips, one without sound, and a long one that gives time
# to take pictures.
make_media() {
	local -n names=names_$1
	local to=$stage/$1 clips=$demo/clips
	mkdir -p "$to"
	cp "$clips/three-minutes.mp4" "$to/${names[0]}"
	ffmpeg -v error -i "$clips/demo.mp4" -an -c copy "$to/${names[1]}"
	cp "$clips/seen-001.wav" "$to/${names[2]}"
	ffmpeg -v error -stream_loop 24 -i "$clips/three-minutes.mp4" -c copy "$to/${names[3]}"
	ffmpeg -v error -stream_loop 4 -i "$clips/three-minutes.mp4" -c copy "$to/${names[4]}"
	cp "$clips/seventy-five-seconds.flac" "$to/${names[5]}"
	cp "$clips/three-minutes.mp4" "$to/${names[6]}"
}

# make_past LANG: a data folder in which some jobs have ended.
make_past() {
	local -n names=names_$1
	local home=$stage/past-$1
	mkdir -p "$home/models"
	cp "$demo/sluice-tiny.bin" "$home/models/"
	SLUICE_HOME=$home "$app" serve 2>"$stage/past-$1.log" &
	local server=$!
	python3 "$here/demo.py" drop "$home" "$stage/$1/${names[2]}" "$stage/$1/${names[1]}" "$stage/$1/${names[0]}"
	python3 "$here/demo.py" wait "$home" ended 3
	kill -TERM $server
	wait $server
}

# picture NAME: the window, without its frame.
picture() {
	sleep 1.2 # transitions are over
	import -silent -window "$window" "$out/$1.png"
	echo "$out/$1.png"
}

# play LANG THEME: one start of the app, and a walk through its views.
play() {
	local lang=$1 theme=$2 home=$stage/home-$1-$2
	local -n names=names_$lang
	rm -rf "$HOME" && mkdir -p "$HOME"
	cp -a "$stage/past-$lang" "$home"
	local gtk=Adwaita locale=en_US.UTF-8
	[ "$theme" = light ] || gtk=Adwaita:dark
	[ "$lang" = en ] || locale=ko_KR.UTF-8
	SLUICE_HOME=$home GTK_THEME=$gtk LANG=$locale "$app" >"$stage/app-$lang-$theme.log" 2>&1 &
	local running=$!
	local files=()
	for name in "${names[@]:3}"; do files+=("$stage/$lang/$name"); done
	python3 "$here/demo.py" drop "$home" "${files[@]}"
	python3 "$here/demo.py" history "$home"
	window=$(xdotool search --sync --onlyvisible --name '^Sluice$' | head -1)
	xdotool windowmove --sync "$window" 160 60 windowactivate --sync "$window" mousemove 5 1075
	python3 "$here/demo.py" wait "$home" running 30
	picture "queue-$lang-$theme"
	xdotool key ctrl+2
	sleep 1
	xdotool mousemove --window "$window" 320 135 click 1 mousemove 5 1075 # the newest of the library
	picture "transcript-$lang-$theme"
	xdotool key ctrl+3 windowsize --sync "$window" 960 960
	picture "machine-$lang-$theme"
	tray_picture "$lang-$theme" "$gtk" "$locale"
	kill -TERM $running
	wait $running || true
}

# tray_picture NAME THEME LOCALE: the icon in a panel, with its menu open.
tray_picture() {
	local to=$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml panel
	mkdir -p "$to"
	cp "$here/panel.xml" "$to/xfce4-panel.xml"
	GTK_THEME=$2 LANG=$3 xfce4-panel --disable-wm-check 2>"$stage/panel.log" &
	panel=$!
	xdotool windowminimize --sync "$window"
	sleep 3 # until the icon is in the panel
	xdotool mousemove 1266 14 click 1
	sleep 1
	import -silent -window root -crop 560x290+720+0 +repage "$out/tray-$1.png"
	echo "$out/tray-$1.png"
	kill -TERM $panel
	wait $panel || true
}

localedef -i en_US -f UTF-8 "$LOCPATH/en_US.UTF-8"
localedef -i ko_KR -f UTF-8 "$LOCPATH/ko_KR.UTF-8"
show_display
for lang in en ko; do
	make_media $lang
	make_past $lang
	for theme in light dark; do play $lang $theme; done
done
