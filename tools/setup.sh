#!/usr/bin/env bash
# Installs what Spillway needs on a Debian machine that has gcc, cmake, python3 and cargo.
#   tools/setup.sh build   Debian packages; Arrow C++ out of the pinned pyarrow wheel
#   tools/setup.sh tests   the same, and the Python packages that tests compare with
#   tools/setup.sh lint    the same as build, and clang-format, clang-tidy and ruff
#   tools/setup.sh bench   the same as build, and the engines that `make bench` compares with
#   tools/setup.sh fuzz    the same as build, and clang with libFuzzer
# Several words may be given; none means build. Everything but the Debian packages lands in
# ${SPILLWAY_CACHE:-$HOME/.cache/spillway}. Run again it looks and ends; runs at once wait for each
# other. The crates are cargo's work, during the build.
set -euo pipefail

readonly tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly cache="${SPILLWAY_CACHE:-$HOME/.cache/spillway}"
readonly arrow="$cache/arrow-26.0.1"

packages=(
  ninja-build ccache                                          # build
  libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libfmt-dev  # the program
  tzdata libxxhash-dev libsqlite3-dev
  libgtest-dev libgmock-dev libbenchmark-dev zstd             # tests and benchmarks
)

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# ---- Tools that a user has to bring --------------------------------------------------------------

faults=()

# require NAME FOUND MINIMUM CURE: notes a fault if FOUND, a version or nothing, is below MINIMUM.
require() {
  local name="$1" found="$2" minimum="$3" cure="$4"
  if [[ -z "$found" ]]; then
    faults+=("$name is missing; $minimum or newer is needed: $cure")
  elif ! printf '%s\n%s\n' "$minimum" "$found" | sort --version-sort --check=quiet; then
    faults+=("$name is $found; $minimum or newer is needed: $cure")
  fi
}

first_version() { grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1; }

check_tools() {
  local compiler="${CXX:-g++}"
  local cargo="$(command -v cargo || echo "$HOME/.cargo/bin/cargo")"
  # Another compiler than gcc numbers its versions in its own way; CMake judges that one.
  if [[ "$compiler" == *g++* && "$compiler" != *clang* ]]; then
    require "$compiler" "$("$compiler" -dumpfullversion 2> /dev/null || true)" 12 \
      "apt-get install g++ (Debian 12 has 12.2)"
  fi
  require cmake "$(cmake --version 2> /dev/null | first_version || true)" 3.25 \
    "apt-get install cmake (Debian 12 has 3.25), or python3 -m pip install cmake"
  require cargo "$("$cargo" --version 2> /dev/null | first_version || true)" 1.88 \
    "install Rust with rustup, then: rustup update stable (Debian 12's own cargo is too old)"
  require python3 "${python[0]:-}" 3.11 "apt-get install python3 (Debian 12 has 3.11)"
  if ((${#faults[@]} > 0)); then
    local fault
    for fault in "${faults[@]}"; do say "$fault"; done
    exit 1
  fi
}

# Version, path and whether it can make a venv, of the python3 on the path.
read_python() {
  mapfile -t python < <(python3 - 2> /dev/null << 'EOF'
import importlib.util, platform, sys
print(platform.python_version())
print(sys.executable)
print("venv" if importlib.util.find_spec("ensurepip") else "")
EOF
  )
}

# ---- Debian packages -----------------------------------------------------------------------------

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die "neither root nor sudo here; run as root: $*"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq \
    install --yes --no-install-recommends "$@"
}

install_packages() {
  local wanted=("${packages[@]}") missing=() package
  if [[ -z "${python[2]}" ]]; then wanted+=(python3-venv); fi
  if ! command -v dpkg-query > /dev/null; then
    say "not a Debian system: CMake will name what it misses of ${wanted[*]}"
    return
  fi
  local installed
  installed="$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${wanted[@]}" \
    2> /dev/null || true)"
  for package in "${wanted[@]}"; do
    if ! grep -qx "$package installed" <<< "$installed"; then missing+=("$package"); fi
  done
  if ((${#missing[@]} == 0)); then return; fi

  say "installing Debian packages: ${missing[*]}"
  # The package lists may be absent or old: fetch them only if the first try fails.
  if ! apt_install "${missing[@]}" > "$cache/apt.log" 2>&1; then
    as_root apt-get -qq update >&2
    apt_install "${missing[@]}" > "$cache/apt.log" 2>&1 ||
      { cat "$cache/apt.log" >&2; die "apt-get could not install: ${missing[*]}"; }
  fi
}

# ---- Python packages -----------------------------------------------------------------------------

# make_venv FOLDER: a new venv there.
make_venv() {
  rm -rf "$1"
  "${python[1]}" -m venv "$1" || die "python3 cannot make a venv: apt-get install python3-venv"
}

# pip_install VENV LOCK OPTIONS..: what LOCK lists, wheels only, each checked against its hashes.
pip_install() {
  local venv="$1" lock="$2"
  shift 2
  "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input install \
    --require-hashes --only-binary :all: -r "$lock" "$@"
}

# ensure_venv NAME WHAT: the venv $cache/venv-NAME with the packages of requirements-NAME.txt. Its
# stamp names the list and the Python it was made with, and is written last.
ensure_venv() {
  local venv="$cache/venv-$1" lock="$tools/requirements-$1.txt" what="$2" fingerprint
  fingerprint="$({ cat "$lock"; echo "${python[@]}"; } | sha256sum | cut -d ' ' -f 1)"
  if [[ -f "$venv/stamp" && "$(< "$venv/stamp")" == "$fingerprint" ]]; then return; fi
  say "installing $what into $venv"
  make_venv "$venv"
  pip_install "$venv" "$lock"
  echo "$fingerprint" > "$venv/stamp"
}

# ---- Arrow ---------------------------------------------------------------------------------------

# Does CMake find the Arrow libraries that cmake/SpillwayArrow.cmake looks for first?
arrow_is_installed() {
  local probe="$1/arrow-probe"
  mkdir -p "$probe"
  cat > "$probe/CMakeLists.txt" << 'EOF'
cmake_minimum_required(VERSION 3.25)
project(arrow_probe CXX)
find_package(Arrow 26 CONFIG REQUIRED)
find_package(Parquet 26 CONFIG REQUIRED)
find_package(ArrowCompute 26 CONFIG REQUIRED)
EOF
  cmake -S "$probe" -B "$probe/build" > /dev/null 2>&1
}

# The folder has the wheel's version in its name and appears by a rename, so that it is whole if it
# is there.
ensure_arrow() {
  if [[ -d "$arrow" ]]; then return; fi
  local scratch
  scratch="$(mktemp --directory --tmpdir="$cache")"
  trap "rm -rf '$scratch'" EXIT
  if ! arrow_is_installed "$scratch"; then
    say "unpacking Arrow C++ 26.0.1 into $arrow"
    make_venv "$scratch/venv"
    pip_install "$scratch/venv" "$tools/requirements-arrow.txt" \
      --no-deps --no-compile --target "$scratch/unpacked"
    chmod 755 "$scratch/unpacked"
    mv -T "$scratch/unpacked" "$arrow"
  fi
  rm -rf "$scratch"
  trap - EXIT
}

# ---- What was asked for --------------------------------------------------------------------------

if (($# == 0)); then set -- build; fi
for word in "$@"; do
  case "$word" in
    build | tests | lint | bench | fuzz) ;;
    *) die "unknown word $word: build, tests, lint, bench or fuzz" ;;
  esac
done

if [[ " $* " =~ \ (bench|tests)\  ]]; then packages+=(xfsprogs); fi     # mkfs.xfs
if [[ " $* " =~ \ tests\  ]]; then packages+=(btrfs-progs strace); fi  # mkfs.btrfs
if [[ " $* " =~ \ fuzz\  ]]; then packages+=(clang-19 libclang-rt-19-dev llvm-19); fi

read_python
check_tools
mkdir -p "$cache"
exec 9> "$cache/setup.lock"
flock 9
install_packages
ensure_arrow
for word in "$@"; do
  case "$word" in
    build | fuzz) ;;
    tests) ensure_venv tests "the packages of the tests" ;;
    lint) ensure_venv lint "clang-format, clang-tidy and ruff" ;;
    bench) ensure_venv bench "the engines that are measured" ;;
  esac
done
