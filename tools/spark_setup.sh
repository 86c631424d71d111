#!/usr/bin/env bash
# Makes the Apache Spark that tests compare with, under ${SPILLWAY_CACHE:-$HOME/.cache/spillway}:
#   spark-4.2.0/        a Python venv with pyspark, by requirements-spark.txt (hashes)
#   delta-jars-4.4.0/   delta-spark's seven jars, by delta-pom.xml and delta-jars.sha256
# Run again, it looks at its stamp file and ends. Several runs at once wait for each other.
# Exit codes: 0 ready, 3 Java 17 or Maven is missing (one line on stderr says which), else failed.
set -euo pipefail

readonly tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly cache="${SPILLWAY_CACHE:-$HOME/.cache/spillway}"
readonly venv="$cache/spark-4.2.0"
readonly jars="$cache/delta-jars-4.4.0"
readonly stamp="$cache/spark-4.2.0.stamp"
readonly inputs=("$tools/requirements-spark-build.txt" "$tools/requirements-spark.txt"
                 "$tools/delta-pom.xml" "$tools/delta-jars.sha256")

missing() {
  echo "Spark tests need $1: apt-get install openjdk-17-jre-headless maven" >&2
  exit 3
}

# Prints the major version of the java that Spark would start, or nothing.
java_major() {
  local java="java"
  if [[ -n "${JAVA_HOME:-}" ]]; then java="$JAVA_HOME/bin/java"; fi
  "$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
}

# The stamp names what was made: the pinned versions, and this Python, to which a venv is bound.
fingerprint() {
  { cat "${inputs[@]}"; python3 -c 'import sys; print(sys.executable, sys.version)'; echo "$venv"; } |
    sha256sum | cut -d' ' -f1
}

is_ready() {
  [[ -f "$stamp" && "$(cat "$stamp")" == "$(fingerprint)" && -x "$venv/bin/python" && -d "$jars" ]]
}

make_venv() {
  echo "spark_setup: installing pyspark 4.2.0 into $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  local install=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check
                 --require-hashes --no-build-isolation --no-cache-dir)
  "${install[@]}" -r "$tools/requirements-spark-build.txt"
  "${install[@]}" -r "$tools/requirements-spark.txt"
  "$venv/bin/python" -c 'import pyspark; assert pyspark.__version__ == "4.2.0"'
}

make_jars() {
  echo "spark_setup: copying Delta 4.4.0 jars into $jars" >&2
  rm -rf "$jars" "$jars.part"
  mvn --batch-mode --quiet --file "$tools/delta-pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DincludeGroupIds=io.delta,io.unitycatalog \
    -DoutputDirectory="$jars.part" >&2
  (cd "$jars.part" && sha256sum --check --strict --quiet "$tools/delta-jars.sha256") >&2
  if [[ "$(ls "$jars.part" | wc -l)" != "$(wc -l < "$tools/delta-jars.sha256")" ]]; then
    echo "spark_setup: $jars.part holds other jars than $tools/delta-jars.sha256 lists" >&2
    exit 1
  fi
  mv "$jars.part" "$jars"
}

major="$(java_major || true)"
if [[ -z "$major" ]] || ((major < 17)); then missing "Java 17"; fi
if is_ready; then exit 0; fi
if ! command -v mvn > /dev/null; then missing "Maven (mvn)"; fi

mkdir -p "$cache"
exec 9> "$cache/spark-4.2.0.lock"
flock 9
if is_ready; then exit 0; fi
rm -f "$stamp"
make_venv
make_jars
fingerprint > "$stamp"
