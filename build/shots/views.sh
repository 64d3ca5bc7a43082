#!/usr/bin/env bash
# Keeps a screenshot of each view, in both languages and both themes, of the
# window's size: build/shots/views/VIEW-window-LANGUAGE-THEME.png, small enough
# to be kept with the code. The pictures are made by the tests of how the views
# look (frontend/test/e2e/looks.e2e.ts), so axe has judged each of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
all=$(mktemp -d)
trap 'rm -rf "$all"' EXIT
(cd frontend && SLUICE_SHOTS="$all" npm run --silent e2e -- looks)
rm -rf build/shots/views
mkdir -p build/shots/views
for shot in "$all"/*-window-*.png; do # 128 colours are enough for a page
	ffmpeg -v error -y -i "$shot" -filter_complex 'split[a][b];[a]palettegen=max_colors=128:reserve_transparent=0[p];[b][p]paletteuse=dither=none' "build/shots/views/${shot##*/}"
done
echo "$(find build/shots/views -name '*.png' | wc -l) screenshots, $(du -sh build/shots/views | cut -f1)"
