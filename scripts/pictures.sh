#!/usr/bin/env bash
# Renders build/<project>/report.html and plan.xlsx as PNG under build/<project>/pictures, to be looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
project=${1:-guangxi}
folder=build/$project
missing=()
for tool in chromium libreoffice pdftoppm; do
  command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
done
fc-list ':lang=zh' 2>/dev/null | grep -q . || missing+=("a CJK font")
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "pictures: installing what is missing: ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      chromium libreoffice-calc poppler-utils fontconfig fonts-noto-cjk >&2
  else
    echo "pictures: missing ${missing[*]} (Debian: chromium libreoffice-calc poppler-utils fonts-noto-cjk)" >&2
    exit 2
  fi
fi
[ -f "$folder/report.html" ] || { echo "pictures: no $folder/report.html; run make report first" >&2; exit 2; }
out=$folder/pictures
rm -rf "$out"
mkdir -p "$out"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
sandbox=()
[ "$(id -u)" = 0 ] && sandbox=(--no-sandbox)
shot() { # name, query
  chromium --headless "${sandbox[@]}" --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$profile" --hide-scrollbars \
    --virtual-time-budget=4000 --window-size=1500,2600 --screenshot="$out/$1.png" \
    "file://$PWD/$folder/report.html$2" >/dev/null 2>&1
}
shot report-light-en '?lang=en&theme=light'
shot report-dark-zh '?lang=zh&theme=dark'
libreoffice --headless --convert-to pdf --outdir "$profile" "$folder/plan.xlsx" >/dev/null 2>&1
pdftoppm -r 60 -png "$profile/plan.pdf" "$out/workbook" >/dev/null
echo "pictures: $out"
