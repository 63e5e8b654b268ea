#!/usr/bin/env bash
# Builds the experiments of docs/architectures-compared.md and runs one of them.
#     launch/compare.sh EXPERIMENT --out FOLDER [OPTION...]
set -euo pipefail
experiment="${1:?usage: launch/compare.sh EXPERIMENT --out FOLDER [OPTION...]}"
shift
folder="$PWD"
cd "$(dirname "$0")/.."
export MAVEN_OPTS="${MAVEN_OPTS:-} -Dorg.slf4j.simpleLogger.log.org.codehaus.mojo.exec.ExecMojo=off"
# Maven starts the java of the path.
[ -z "${JAVA_HOME:-}" ] || export PATH="$JAVA_HOME/bin:$PATH"
exec mvn -q -B -ntp -Dstyle.color=never -Pbenchmarks -pl jmh -am process-classes \
    -Dbench.main="glia.jmh.compare.$experiment" -Dbench.folder="$folder" -Dbench="$*"
