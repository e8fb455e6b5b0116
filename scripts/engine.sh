#!/usr/bin/env bash
# Obtain the Pulumi engine: the one on PATH where there is one, else build/engine/bin/pulumi, made by Go from the pinned
# tool dependency of tools/engine. Built once (a few minutes, about 2 GB of sources in Go's cache) and again only when
# the pin differs. Beside it stands a language host for Python, since an official install brings its own.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/build/engine/bin
package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
pin=$(awk '$1 == "github.com/pulumi/pulumi/pkg/v3" {print $2}' tools/engine/go.mod)

language_host() {
  cat >"$folder/pulumi-language-python.new" <<'HOST'
#!/bin/sh
# Language host beside an engine that was built from its module alone: stacks/language_host.py.
root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
for python in "${RACKWRIGHT_PYTHON:-$root/.venv/bin/python}" python3; do
  command -v "$python" >/dev/null && PYTHONPATH="$root" exec "$python" -P -u -m stacks.language_host "$@"
done
echo "no Python found: set RACKWRIGHT_PYTHON" >&2
exit 1
HOST
  chmod 755 "$folder/pulumi-language-python.new"
  mv -f "$folder/pulumi-language-python.new" "$folder/pulumi-language-python"
}

if found=$(command -v pulumi) && [ "$(dirname "$(readlink -f "$found")")" != "$folder" ]; then
  echo "engine: $found is used ($("$found" version)); the stacks are tested with $pin"
  exit 0
fi
if [ -x "$folder/pulumi" ] && [ "$("$folder/pulumi" version 2>/dev/null)" = "$pin" ]; then
  language_host
  echo "engine: build/engine/bin/pulumi $pin is there already"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "engine: neither pulumi nor go is on PATH: install the Pulumi CLI ($pin) or Go, then run this again" >&2
  exit 2
fi

mkdir -p "$folder"
echo "engine: pulumi $pin with $(go env GOVERSION): fetching its modules (once, about 2 GB)" >&2
(cd tools/engine && go mod download)
total=$(cd tools/engine && go list -deps "$package" | wc -l)
echo "engine: building up to $total packages, some minutes on two cores" >&2
built=0 shown=0
log=$(mktemp "$folder/build.XXXXXX")
trap 'rm -f "$log"' EXIT
while IFS= read -r line; do
  if [[ $line =~ ^[a-z][A-Za-z0-9_./~+-]*$ ]]; then
    built=$((built + 1))
    if [ $((built - shown)) -ge 100 ]; then
      shown=$built
      echo "engine: $built of at most $total packages" >&2
    fi
  else
    echo "$line" | tee -a "$log" >&2
  fi
done < <(
  cd tools/engine
  stamp="-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$pin"
  go build -v -trimpath -ldflags "$stamp" -o "$folder/pulumi.new" "$package" 2>&1 || echo "engine: the build failed"
)
[ ! -s "$log" ] || ! grep -q "the build failed" "$log" || exit 1
mv -f "$folder/pulumi.new" "$folder/pulumi"
language_host
echo "engine: build/engine/bin/pulumi $("$folder/pulumi" version)"
