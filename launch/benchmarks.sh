#!/usr/bin/env bash
# Builds the kernels' benchmarks and runs them: all, or those named. docs/benchmarks.md tells what can be asked for.
#     launch/benchmarks.sh [BENCHMARK...] [--kernels NAME,...] [--types TYPE,...] [--json FILE]
set -euo pipefail
cd "$(dirname "$0")/.."
exec mvn -q -B -ntp -Dstyle.color=never -Pbenchmarks -pl jmh -am process-classes -Dbench="$*"
