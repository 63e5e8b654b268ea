# The rare part of the launcher: finds a JDK and Maven, builds the program, makes AOT caches, checks that Java starts.
# Sourced by ../glia, whose functions and variables it uses.

fail() { # message, exit code
    printf 'glia: %s\n' "$1" >&2
    exit "${2:-6}"
}

say() { # message
    printf 'glia: %s\n' "$1" >&2
}

# Sets jdk to a JDK 25 or later from the usual folders of systems and tools, and records it.
search_jdk() {
    local java candidate
    java=$(command -v java) && while [ -L "$java" ]; do
        candidate=$(readlink "$java")
        case $candidate in /*) java=$candidate ;; *) java=${java%/*}/$candidate ;; esac
    done
    java=${java%/bin/java}
    for candidate in "${java:-/none}" /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/*jdk* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home ~/Library/Java/JavaVirtualMachines/*/Contents/Home \
        {/opt/homebrew,/usr/local}/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        /home/linuxbrew/.linuxbrew/opt/openjdk*/libexec ~/.sdkman/candidates/java/* ~/.jdks/* ~/.gradle/jdks/* \
        ~/.local/share/mise/installs/java/* ~/.asdf/installs/java/*; do
        if use_jdk "$candidate"; then
            # A service may not write here.
            { mkdir -p "$lib" && printf '%s\n' "$jdk" >"$lib/.jdk.$$" && mv -f "$lib/.jdk.$$" "$lib/jdk"; } 2>/dev/null
            return
        fi
    done
    fail "no JDK 25 or later found; $(how_to_get openjdk-25-jdk openjdk@25 https://adoptium.net)"
}

# Sets maven.
find_maven() {
    for maven in "$(command -v mvn)" "${MAVEN_HOME:-/none}/bin/mvn" "${M2_HOME:-/none}/bin/mvn" \
        ~/.sdkman/candidates/maven/current/bin/mvn /usr/share/maven/bin/mvn /opt/maven/bin/mvn \
        /opt/apache-maven*/bin/mvn /opt/homebrew/bin/mvn /usr/local/bin/mvn /home/linuxbrew/.linuxbrew/bin/mvn; do
        [ -x "$maven" ] && return
    done
    fail "no Maven found, which the build needs; $(how_to_get maven maven https://maven.apache.org)"
}

how_to_get() { # Debian package, Homebrew package, address
    if command -v brew >/dev/null; then
        echo "get it with: brew install $2"
    elif command -v apt-get >/dev/null; then
        echo "get it with: sudo apt install $1, or from $3"
    else
        echo "get it from $3"
    fi
}

# One process builds at a time. The lock of a process that has ended is taken over.
lock() {
    local owner said=
    mkdir -p "$lib" || fail "$lib cannot be written"
    until mkdir "$lib/.lock" 2>/dev/null; do
        [ -d "$lib/.lock" ] || [ -w "$lib" ] || fail "$lib cannot be written"
        owner=$(cat "$lib/.lock/owner" 2>/dev/null)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null && mkdir "$lib/.lock/taken" 2>/dev/null; then
            break
        fi
        [ -n "$said" ] || { say "process ${owner:-?} is building; waiting for it" && said=yes; }
        sleep 0.3
    done
    printf '%s\n' $$ >"$lib/.lock/owner"
    rmdir "$lib/.lock/taken" 2>/dev/null
    trap unlock EXIT
    trap 'stop_building; exit 130' INT TERM
}

# Ctrl-C does not reach background processes of a script.
stop_building() {
    [ -n "${builder:-}" ] && kill "$builder" 2>/dev/null && wait "$builder" 2>/dev/null
    printf '\n' >&2
    say 'stopped; the next start continues'
}

unlock() {
    rm -rf "$lib/.lock" "$lib/.current.$$"
    trap - EXIT INT TERM
}

# Jars of HTTP, metrics, MCP and the web page, and what only they need.
server_jars='helidon-|micrometer-|prometheus-|HdrHistogram-|LatencyUtils-|mcp-|reactor-|reactive-streams-|slf4j-'
server_jars+='|json-schema-validator-|itu-|jackson-dataformat-yaml-|jspecify-'
server_jars+='|markdown-it-|dompurify-|katex-|highlightjs-'

# Builds with Maven into lib/<build>; its name is written to lib/current last, with the time at which the build began.
build_program() {
    local new mark began=$SECONDS log=$lib/build.log
    find_maven
    new=$(date +%Y%m%d-%H%M%S)
    mark=$lib/.current.$$
    printf '%s\n' "$new" >"$mark"
    (cd "$home" && JAVA_HOME=$jdk exec "$maven" -B -ntp -pl cli -am package -Dmaven.test.skip=true) >"$log" 2>&1 &
    builder=$!
    show_progress $builder "$log" || fail "the build failed; see $log:
$(grep -m 5 '^\[ERROR\] .' "$log")"
    builder=
    rm -rf "$lib/$new" && mkdir "$lib/$new" || fail "$lib/$new cannot be written"
    cp "$home"/cli/target/glia-cli-*.jar "$home"/cli/target/lib/*.jar "$lib/$new/" || fail "$lib/$new cannot be written"
    "$jdk/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(echo "$home"/cli/target/glia-cli-*.jar)" \
        glia.cli.build.ClassModernizer "$lib/$new"/*.jar >>"$log" 2>&1 ||
        fail "classes could not be rewritten; see $log"
    (cd "$lib/$new" && ls glia-*.jar >classpath && ls *.jar | grep -v "^glia-" >others &&
        grep -Ev "^($server_jars)" others >>classpath; grep -E "^($server_jars)" others >classpath.server; rm -f others)
    mv -f "$mark" "$lib/current"
    build=$new
    say "built in $((SECONDS - began)) s"
    remove_old_builds
}

# Waits for Maven. Prints that it builds and, on a terminal, the module.
show_progress() { # process, its log
    local what width=0 line
    if [ ! -t 2 ]; then
        say 'building (the first build downloads libraries) ...'
        wait "$1"
        return
    fi
    while kill -0 "$1" 2>/dev/null; do
        what=$(sed -n 's/^.*Building glia-\([a-z]*\) .*\(\[[0-9/]*\]\).*$/\2 \1/p' "$2" | tail -n 1)
        line="glia: building (the first build downloads libraries) ... $what"
        printf '\r%-*s' $width "$line" >&2
        width=${#line}
        sleep 0.2
    done
    printf '\r%*s\r' $width '' >&2
    wait "$1"
}

# Keeps this build and the one before, which may still be running.
remove_old_builds() {
    local old
    for old in $(cd "$lib" && ls -d [0-9]*-[0-9]* | sort | sed -e '$d' | sed -e '$d'); do
        rm -rf "${lib:?}/$old"
    done
}

# Makes an AOT cache by a training run of commands of a kind. Without a cache the program starts more slowly.
make_cache() { # kind
    local server= new=$cache.$$ scratch=$lib/.scratch line='glia: making a cache for faster starts, once per build ...'
    set_options "$1"
    [ -t 2 ] && printf '%s' "$line" >&2
    GLIA_CACHE=$scratch HF_HOME=$scratch HF_HUB_OFFLINE=1 \
        "$jdk/bin/java" "${options[@]}" -XX:AOTCacheOutput="$new" glia.cli.AotCacheRun "$1" "$scratch" \
        >"$lib/cache.log" 2>&1
    [ -t 2 ] && printf '\r%*s\r' ${#line} '' >&2
    [ -s "$new" ] && mv -f "$new" "$cache.aot"
    rm -rf "$new" "$new".* "$scratch"
    touch "$cache.made"
}

# Finds, builds and makes what a start needs.
prepare() { # kind
    known_jdk || search_jdk
    is_built && is_cached "$1" && return
    if is_built && [ ! -w "$lib/$build" ]; then
        is_cached "$1"
        return
    fi
    lock
    is_built || build_program
    is_cached "$1" || make_cache "$1"
    unlock
}

# Ends with exit code 5 or 6 if a JVM with these options does not start.
check_start() {
    local said
    said=$("$jdk/bin/java" "${options[@]}" -Xlog:disable -version 2>&1) && return
    said=${said#Error occurred during initialization of VM?}
    case $said in
        *'Could not reserve enough space'* | *'Could not allocate'* | *'emory'*)
            fail "not enough memory to start Java (see ulimit -v and JAVA_TOOL_OPTIONS): ${said%%$'\n'*}" 5 ;;
    esac
    fail "Java does not start with these options (see JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS): ${said%%$'\n'*}"
}
