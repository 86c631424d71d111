#!/usr/bin/env bash
# Checks the house style: folders, format, clang-tidy, Python, Rust. All checks run; the exit code is
# 1 if one found something. `make lint` calls it, after a build: clang-tidy wants the build's
# compile_commands.json and the bridge's headers.
#   tools/lint.sh [BUILD]      checks
#   tools/lint.sh --format     writes the format instead
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly cache="${SPILLWAY_CACHE:-$HOME/.cache/spillway}"
readonly bin="$cache/venv-lint/bin"
readonly ruff=("$bin/ruff" check --quiet --config tools/ruff.toml --no-cache --output-format concise)
shopt -s globstar nullglob
readonly cpp_files=({src,test,bench,fuzz}/**/*.{cc,h})
readonly python_files=({tools,test,bench}/**/*.py)

has_rustfmt() { cargo fmt --version > /dev/null 2>&1; }

if [[ "${1:-}" == "--format" ]]; then
  "$bin/clang-format" -i "${cpp_files[@]}" || exit 1
  "${ruff[@]}" --select I --fix "${python_files[@]}" || exit 1
  if has_rustfmt; then cargo fmt --manifest-path rust/Cargo.toml; fi
  exit
fi

build="${1:-build}"
failed=()

# check NAME COMMAND..: runs it and notes NAME if it fails.
check() {
  local name="$1"
  shift
  if ! "$@"; then failed+=("$name"); fi
}

check "folders" tools/check_folders.py
check "clang-format (make format mends it)" \
  "$bin/clang-format" --dry-run --Werror --ferror-limit=3 "${cpp_files[@]}"
check "Python" "${ruff[@]}" "${python_files[@]}"
if has_rustfmt; then
  check "Rust's format (make format mends it)" \
    cargo fmt --check --manifest-path rust/Cargo.toml -- --files-with-diff
else
  echo "lint: cargo fmt is not installed (rustup component add rustfmt); Rust's format is unchecked"
fi
check "clang-tidy" tools/tidy.py --clang-tidy "$bin/clang-tidy" --build "$build" \
  --stamps "$cache/tidy-stamps" --jobs "$(nproc)"

if ((${#failed[@]} > 0)); then
  printf 'lint: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "lint: nothing found"
