#!/usr/bin/env bash
# Runs a command in a memory cgroup of its own, whose hard limit it cannot pass, without swap. Makes
# the cgroup (version 1 or 2) and removes it; ends with the command's exit code.
#   tools/in_memory_cgroup.sh [--report FILE] BYTES COMMAND..
#       BYTES may end in KiB, MiB or GiB. FILE gets two lines: peak_bytes, the most that the group
#       had, page cache included, and oom_kills, the processes that the kernel ended for want of it.
#   tools/in_memory_cgroup.sh --check   can this be done here? if not says why, ends with 3
# Wants root, and a cgroup file system that may be written to: /sys/fs/cgroup, or CGROUP_ROOT.
set -euo pipefail

unable() {
  echo "no memory cgroup: $*" >&2
  exit 3
}

bytes_of() {
  numfmt --from=auto "${1%B}"
}

remove_group() {
  # The last process may be a moment in leaving it.
  local try
  for try in 1 2 3 4 5; do
    if rmdir "$group" 2> /dev/null; then return; fi
    sleep 0.2
  done
}

# Makes $group. Version 1 has a hierarchy for memory alone; version 2 hands the controller down from
# its root.
make_group() {
  local root="${CGROUP_ROOT:-/sys/fs/cgroup}"
  if ((EUID != 0)); then unable "not root"; fi
  if [[ -d "$root/memory" && -f "$root/memory/memory.limit_in_bytes" ]]; then
    group="$root/memory/spillway-$$"
    limit_file=memory.limit_in_bytes swap_file=memory.memsw.limit_in_bytes
    peak_file=memory.max_usage_in_bytes events_file=memory.oom_control
  elif [[ -f "$root/cgroup.controllers" ]]; then
    group="$root/spillway-$$"
    limit_file=memory.max swap_file=memory.swap.max
    peak_file=memory.peak events_file=memory.events
    (echo +memory > "$root/cgroup.subtree_control") 2> /dev/null || true
  else
    unable "$root has neither version 1 nor version 2"
  fi
  mkdir "$group" 2> /dev/null || unable "$group cannot be made"
  trap remove_group EXIT
  if [[ ! -w "$group/$limit_file" ]]; then unable "$group has no $limit_file to write"; fi
}

limit_group() {
  local bytes="$1"
  echo "$bytes" > "$group/$limit_file"
  if [[ ! -f "$group/$swap_file" ]]; then return; fi
  # Version 1 counts memory and swap together there, version 2 swap alone.
  if [[ "$swap_file" == memory.swap.max ]]; then bytes=0; fi
  echo "$bytes" > "$group/$swap_file"
}

# Linux before 5.19 keeps no peak in version 2: then the line is left out.
write_report() {
  {
    if [[ -f "$group/$peak_file" ]]; then echo "peak_bytes $(< "$group/$peak_file")"; fi
    sed -n 's/^oom_kill /oom_kills /p' "$group/$events_file"
  } > "$1"
}

if [[ "${1:-}" == "--check" ]]; then
  make_group
  exit 0
fi
report=""
if [[ "${1:-}" == "--report" && $# -gt 1 ]]; then
  report="$2"
  shift 2
fi
if (($# < 2)); then
  echo "usage: tools/in_memory_cgroup.sh [--report FILE] BYTES COMMAND.." >&2
  exit 2
fi
limit="$(bytes_of "$1")"
shift
make_group
limit_group "$limit"

# A Ctrl-C reaches the command from the terminal: wait for it to end in its own way. A TERM is handed
# on when the command has ended, as shells do.
trap : INT TERM
status=0
(
  echo "$BASHPID" > "$group/cgroup.procs"
  exec "$@"
) || status=$?
if [[ -n "$report" ]]; then write_report "$report"; fi
exit "$status"
