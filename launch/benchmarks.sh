#!/usr/bin/env bash
# Builds the kernels' benchmarks and runs them: all, or those named. See docs/benchmarks.md.
#     launch/benchmarks.sh [BENCHMARK...] [--kernels NAME,...] [--types TYPE,...] [--json FILE]
set -euo pipefail
cd "$(dirname "$0")/.."
# The benchmarks report errors themselves.
export MAVEN_OPTS="${MAVEN_OPTS:-} -Dorg.slf4j.simpleLogger.log.org.codehaus.mojo.exec.ExecMojo=off"
# Maven starts the java of the path.
[ -z "${JAVA_HOME:-}" ] || export PATH="$JAVA_HOME/bin:$PATH"
exec mvn -q -B -ntp -Dstyle.color=never -Pbenchmarks -pl jmh -am process-classes -Dbench="$*"
