#!/usr/bin/env bash
# Runs the fuzz targets of a build with the preset `fuzz`, one after the other, for FUZZ_SECONDS
# (600) each, and says of each what it did. What libFuzzer found worth keeping stays in
# ${SPILLWAY_CACHE:-$HOME/.cache/spillway}/fuzz, and is where the next run begins. An input that
# crashes a target is BUILD/fuzz-crashes/TARGET-crash-..; the exit code is 1 then.
#   fuzz/run_fuzzers.sh BUILD [TARGET..]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly build="$1"
shift
readonly cache="${SPILLWAY_CACHE:-$HOME/.cache/spillway}/fuzz"
readonly crashes="$build/fuzz-crashes"
readonly log="$build/fuzz-logs"
if (($# == 0)); then set -- pipeline_file expression commit_log parquet_file spill_file; fi

# libarrow is not instrumented: what it does with std::vector looks like an overflow.
export ASAN_OPTIONS="detect_container_overflow=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export ARROW_DEFAULT_MEMORY_POOL=system
# The targets write small files, sync them, and leave them there: libFuzzer ends without a farewell.
if [[ -z "${TMPDIR:-}" && -w /dev/shm ]]; then TMPDIR=/dev/shm; fi
TMPDIR="$(mktemp --directory --tmpdir="${TMPDIR:-/tmp}" spillway-fuzz-XXXXXX)"
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

mkdir -p "$crashes" "$log"
"$build/parquet_seeds" "$build/fuzz-seeds/parquet_file"

failed=()
for target in "$@"; do
  options=(-max_total_time="${FUZZ_SECONDS:-600}" -timeout=20 -rss_limit_mb=2048 -max_len=32768
    -print_final_stats=1 -artifact_prefix="$crashes/$target-")
  if [[ -f "fuzz/$target.dict" ]]; then options+=(-dict="fuzz/$target.dict"); fi
  corpora=("$cache/$target")
  for seeds in "fuzz/corpus/$target" "$build/fuzz-seeds/$target"; do
    if [[ -d "$seeds" ]]; then corpora+=("$seeds"); fi
  done
  mkdir -p "$cache/$target"
  echo "fuzz: $target for ${FUZZ_SECONDS:-600} s, in $log/$target"
  if ! "$build/${target}_fuzz" "${options[@]}" "${corpora[@]}" > "$log/$target" 2>&1; then
    failed+=("$target")
  fi
  grep -E '^(SUMMARY|expectation broken)|DONE|number_of_executed_units|Test unit written' \
    "$log/$target" || true
done
if ((${#failed[@]} > 0)); then
  echo "fuzz: crashed: ${failed[*]}; the inputs are in $crashes" >&2
  exit 1
fi
