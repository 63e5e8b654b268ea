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
    fail "no JDK 25 or later found. $(how_to_get jdk)"
}

# Sets maven.
find_maven() {
    for maven in "$(command -v mvn)" "${MAVEN_HOME:-/none}/bin/mvn" "${M2_HOME:-/none}/bin/mvn" \
        ~/.sdkman/candidates/maven/current/bin/mvn /usr/share/maven/bin/mvn /opt/maven/bin/mvn \
        /opt/apache-maven*/bin/mvn /opt/homebrew/bin/mvn /usr/local/bin/mvn /home/linuxbrew/.linuxbrew/bin/mvn; do
        [ -x "$maven" ] && return
    done
    fail "no Maven found, which the build needs. $(how_to_get maven)"
}

# Commands that install a JDK 25 or Maven on this system, one a line.
os_release=/etc/os-release
how_to_get() { # jdk or maven
    local ID='' ID_LIKE='' PRETTY_NAME='' VERSION_CODENAME='' UBUNTU_CODENAME='' sudo='sudo ' packages commands=''
    [ -r "$os_release" ] && . "$os_release"
    [ "$(id -u)" != 0 ] || sudo=
    if command -v brew >/dev/null; then
        [ "$1" = jdk ] && commands='brew install openjdk@25' || commands='brew install maven'
    elif command -v apt-get >/dev/null; then
        commands=$(apt_commands "$1" "$sudo" "${UBUNTU_CODENAME:-$VERSION_CODENAME}")
    else
        for packages in 'dnf install java-25-openjdk-devel' 'zypper install java-25-openjdk-devel' \
            'apk add openjdk25-jdk' 'pacman -S jdk-openjdk'; do
            if [ -z "$commands" ] && command -v "${packages%% *}" >/dev/null; then
                [ "$1" = jdk ] || packages="${packages% *} maven"
                commands=$sudo$packages
            fi
        done
    fi
    [ -z "$commands" ] || printf 'Install it%s with:\n%s\nOr, without administrator rights, with SDKMAN:\n' \
        "${PRETTY_NAME:+ on $PRETTY_NAME}" "$(printf '%s\n' "$commands" | sed 's/^/  /')"
    [ -n "$commands" ] || printf 'Install it with SDKMAN:\n'
    printf '  curl -s https://get.sdkman.io | bash && . ~/.sdkman/bin/sdkman-init.sh && sdk install %s\n' \
        "$([ "$1" = jdk ] && echo java || echo maven)"
    [ "$1" = jdk ] && printf 'Or take it from https://adoptium.net and set JAVA_HOME to its folder.' ||
        printf 'Or take it from https://maven.apache.org and set MAVEN_HOME to its folder.'
}

# Debian 12, Ubuntu 22.04 and older ones have no package of JDK 25; Adoptium's repository has one for each of them.
apt_commands() { # jdk or maven, sudo, name of the release
    local key=/etc/apt/trusted.gpg.d/adoptium.gpg from=https://packages.adoptium.net/artifactory
    if [ "$1" = maven ]; then
        echo "$2apt-get install maven"
    elif apt-cache show openjdk-25-jdk 2>/dev/null | grep -q '^Package: '; then
        echo "$2apt-get install openjdk-25-jdk"
    else
        echo "$2apt-get update && $2apt-get install -y wget gpg"
        echo "wget -qO - $from/api/gpg/key/public | gpg --dearmor | ${2}tee $key >/dev/null"
        echo "echo 'deb $from/deb ${3:-bookworm} main' | ${2}tee /etc/apt/sources.list.d/adoptium.list"
        echo "$2apt-get update && $2apt-get install -y temurin-25-jdk"
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
    rm -rf "$lib/.lock" "$lib/.current.$$" "$lib/.new.$$"
    trap - EXIT INT TERM
}

# Jars of HTTP, metrics, MCP and the web page, and what only they need.
server_jars='helidon-|micrometer-|prometheus-|HdrHistogram-|LatencyUtils-|mcp-|reactor-|reactive-streams-|slf4j-'
server_jars+='|hipparchus-|jackson-dataformat-csv-|json-schema-validator-|itu-|jackson-dataformat-yaml-|jspecify-'
server_jars+='|markdown-it-|dompurify-|katex-|highlightjs-'

# Builds with Maven into lib/<build>; its name is written to lib/current last, with the time at which the build began.
# lib/.unfinished is there until then: after a build that failed or was broken off, Maven's files are made anew, since
# it would take classes that were half written for finished ones.
build_program() {
    local new mark made=$lib/.new.$$ began=$SECONDS log=$lib/build.log clean=
    find_maven
    new=$(date +%Y%m%d-%H%M%S)
    mark=$lib/.current.$$
    printf '%s\n' "$new" >"$mark"
    [ ! -e "$lib/.unfinished" ] || clean=clean
    : >"$lib/.unfinished"
    rm -rf "$lib"/.new.*
    (cd "$home" && JAVA_HOME=$jdk exec "$maven" -B -ntp -pl cli -am $clean package -Dmaven.test.skip=true) \
        >"$log" 2>&1 &
    builder=$!
    show_progress $builder "$log" || fail "the build failed; see $log:
$(grep -m 5 '^\[ERROR\] .' "$log")"
    builder=
    mkdir "$made" && cp "$home"/cli/target/glia-cli-*.jar "$home"/cli/target/lib/*.jar "$made/" ||
        fail "$made cannot be written"
    "$jdk/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(echo "$home"/cli/target/glia-cli-*.jar)" \
        glia.cli.build.ClassModernizer "$made"/*.jar >>"$log" 2>&1 ||
        fail "classes could not be rewritten; see $log"
    (cd "$made" && ls glia-*.jar >classpath && ls *.jar | grep -v "^glia-" >others &&
        grep -Ev "^($server_jars)" others >>classpath; grep -E "^($server_jars)" others >classpath.server; rm -f others)
    rm -rf "$lib/$new" && mv "$made" "$lib/$new" && mv -f "$mark" "$lib/current" || fail "$lib cannot be written"
    rm -f "$lib/.unfinished"
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
