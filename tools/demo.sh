#!/usr/bin/env bash
# The whole line once: sample bronze tables, one pipeline under a memory limit, validation, and how to
# open what it wrote. Works in demo/, which it makes anew. `make demo` calls it after a build.
#   ROWS     rows of bronze, 1000000 if not set
#   MEMORY   the limit, 512MiB if not set; as root also that of a memory cgroup around the run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly rows="${ROWS:-1000000}" memory="${MEMORY:-512MiB}"
readonly spillway="$PWD/build/spillway"
readonly folder="$PWD/demo"
readonly pipeline=examples/silver_accident.yaml
readonly silver="$folder/lake/silver_accident"
limit=("$PWD/tools/in_memory_cgroup.sh" "$memory")

step() { printf '\n== %s\n' "$*"; }

rm -rf "$folder"
mkdir "$folder"

step "generate: $rows rows of bronze and their predictions"
"$spillway" generate --rows "$rows" --out "$folder/lake"

if reason="$("${limit[0]}" --check 2>&1)"; then
  step "run: $pipeline in a memory cgroup of $memory"
else
  step "run: $pipeline with --memory $memory ($reason)"
  limit=()
fi
"${limit[@]}" "$spillway" run "$pipeline" --memory "$memory"

step "validate: silver against its inputs"
"$spillway" validate "$pipeline"

cat << EOF

== The silver table is a plain Delta table in
$silver

DuckDB      INSTALL delta; LOAD delta;
            SELECT severity_category, count(*) FROM delta_scan('$silver') GROUP BY ALL;
Polars      polars.scan_delta("$silver").group_by("severity_category").len().collect()
deltalake   deltalake.DeltaTable("$silver").to_pyarrow_table()
Spark       spark.read.format("delta").load("$silver").groupBy("severity_category").count().show()
EOF
