#!/usr/bin/env bash
# Makes .venv with the pinned, hashed packages. Runs only when requirements.lock or pyproject.toml changed.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
  local name
  for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

if ! python=$(find_python); then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: no Python 3.11 with venv found; installing the system's" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
    python=$(find_python) || { echo "setup: Python 3.11 or newer is needed" >&2; exit 2; }
  else
    echo "setup: Python 3.11 or newer with the venv module is needed (Debian: apt-get install python3-venv)" >&2
    exit 2
  fi
fi

echo "setup: environment in .venv from $("$python" --version); once, about a minute" >&2
rm -rf .venv
"$python" -m venv .venv
quiet=(--quiet --disable-pip-version-check)
.venv/bin/python -m pip install "${quiet[@]}" --require-hashes -r requirements.lock
.venv/bin/python -m pip install "${quiet[@]}" --no-deps --no-build-isolation --editable .
touch .venv/.ready
echo "setup: done" >&2
