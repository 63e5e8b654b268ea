#!/usr/bin/env bash
# Builds the experiments of module jmh and runs one of them: of docs/architectures-compared.md, or any by its full name.
#     launch/compare.sh EXPERIMENT --out FOLDER [OPTION...]
#     launch/compare.sh glia.jmh.MultiTokenCurves TEXT FILE.svg
set -euo pipefail
experiment="${1:?usage: launch/compare.sh EXPERIMENT --out FOLDER [OPTION...]}"
case $experiment in *.*) ;; *) experiment=glia.jmh.compare.$experiment ;; esac
shift
folder="$PWD"
cd "$(dirname "$0")/.."
export MAVEN_OPTS="${MAVEN_OPTS:-} -Dorg.slf4j.simpleLogger.log.org.codehaus.mojo.exec.ExecMojo=off"
# Maven starts the java of the path.
[ -z "${JAVA_HOME:-}" ] || export PATH="$JAVA_HOME/bin:$PATH"
exec mvn -q -B -ntp -Dstyle.color=never -Pbenchmarks -pl jmh -am process-classes \
    -Dbench.main="$experiment" -Dbench.folder="$folder" -Dbench="$*"
