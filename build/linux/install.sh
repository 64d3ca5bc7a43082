#!/usr/bin/env bash
# Puts what was built where a Linux desktop looks for it: the programs, the
# entry of the menu and its icons. 'make install' calls it.
#
#   build/linux/install.sh [PREFIX]     ~/.local, for this user alone
set -euo pipefail
cd "$(dirname "$0")/../.."

prefix=${1:-$HOME/.local}
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
# The entry's own rules of quoting: a space may stand between quotes, these may not.
case $prefix in
*[\"\`\$\\%]* | *[[:cntrl:]]*)
	echo "install: the menu could not start a program in '$prefix'" >&2
	exit 1
	;;
esac
for program in sluice sluice-desktop; do
	[ -x "build/bin/$program" ] || {
		echo "install: there is no build/bin/$program; 'make install' builds it" >&2
		exit 1
	}
done

mkdir -p "$prefix/bin" "$prefix/share/applications"
for program in sluice sluice-desktop; do
	# A running program cannot be written over, but its name can be given away.
	cp "build/bin/$program" "$prefix/bin/.$program.new"
	mv -f "$prefix/bin/.$program.new" "$prefix/bin/$program"
done
entry=$prefix/share/applications/sluice.desktop
while IFS= read -r line; do
	case $line in
	"Exec=sluice-desktop "*) line="Exec=\"$prefix/bin/sluice-desktop\" ${line#* }" ;;
	esac
	printf '%s\n' "$line"
done <build/linux/sluice.desktop >"$entry.new"
mv -f "$entry.new" "$entry"
for icon in build/linux/hicolor/*/apps/sluice.*; do
	place=$prefix/share/icons/${icon#build/linux/}
	mkdir -p "$(dirname "$place")"
	cp "$icon" "$place"
done
# Desktops that keep an index are told.
if command -v gtk-update-icon-cache >/dev/null; then gtk-update-icon-cache -qtf "$prefix/share/icons/hicolor" || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q "$prefix/share/applications" || true; fi
echo "Sluice is in the menu, and $prefix/bin/sluice is its command line"
