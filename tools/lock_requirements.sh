#!/usr/bin/env bash
# Writes tools/requirements-*.txt, every package with its version and hashes, from the .in files
# beside them. Needs uv. Run it after a change of an .in file and commit both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if ! command -v uv > /dev/null; then
  echo "lock_requirements: uv is missing: python3 -m pip install uv" >&2
  exit 1
fi
for input in requirements-*.in; do
  uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
    --no-emit-index-url --custom-compile-command "tools/lock_requirements.sh" \
    "$input" --output-file "${input%.in}.txt"
  echo "lock_requirements: ${input%.in}.txt"
done
