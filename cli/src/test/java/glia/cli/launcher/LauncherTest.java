package glia.cli.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.launcher.Installation.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Starts the real launcher.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "glia is the launcher of Linux and macOS")
class LauncherTest {
    @TempDir static Path folder;
    private static Installation installed;

    @BeforeAll
    static void install() throws Exception {
        installed = new Installation(folder.resolve("an installation")).withJars();
    }

    @Test
    void startsFromAnyFolderAndThroughLinks() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("an installation/glia"));
        Path linkToLink = Files.createSymbolicLink(folder.resolve("link to link"), link);
        for (String command : List.of(installed.home() + "/glia", link.toString(), "./link", linkToLink.toString())) {
            Result result = Installation.await(installed.start(folder, Map.of(), command, "--version"));
            assertEquals("", result.err());
            assertEquals(0, result.exitCode());
            assertTrue(result.out().matches("glia [0-9.]+ \\(JDK .*\\)\n"), result.out());
        }
    }

    @Test
    void passesWordsAndExitCodesThrough() throws Exception {
        Result result = installed.run("--grüße with spaces \\ $HOME \"*\"");
        assertEquals(2, result.exitCode());
        assertEquals("", result.out());
        assertEquals("glia: there is no option '--grüße with spaces \\ $HOME \"*\"'\nglia --help lists the commands\n",
                result.err());
    }

    /// With emitted kernels C1 alone starts faster; other kernels need C2.
    @Test
    void commandsThatGenerateTextUseC1Alone() throws Exception {
        Map<String, String> environment = Map.of("JAVA_TOOL_OPTIONS", "-XX:+PrintFlagsFinal");
        boolean emits = Files.isReadable(Path.of("/proc/cpuinfo"))
                && java.util.regex.Pattern.compile("(?=.* avx2\\b)(?=.* fma\\b)(?=.* f16c\\b)")
                        .matcher(Files.readString(Path.of("/proc/cpuinfo"))).find();
        for (String command : List.of("run", "bench")) {
            Result result = installed.runWith(environment, command, "--nonsense");
            assertEquals(2, result.exitCode());
            String flag = "TieredStopAtLevel\\s+= " + (emits && command.equals("run") ? 1 : 4) + "\\s";
            assertTrue(java.util.regex.Pattern.compile(flag).matcher(result.out() + result.err()).find(),
                    () -> command + " without " + flag);
        }
    }

    @Test
    void theJvmPrintsNoMessages() throws Exception {
        for (Map<String, String> environment : List.of(Map.<String, String>of(), Map.of("JAVA_TOOL_OPTIONS", "-Dx=y"),
                Map.of("LC_ALL", "C"))) {
            Result result = installed.runWith(environment, "run", "--nonsense");
            assertEquals(2, result.exitCode());
            assertEquals("", result.out());
            assertEquals("glia: glia run has no option '--nonsense'\nglia run --help shows its options\n",
                    result.err());
        }
    }

    @Test
    void standardErrorKeepsItsPlaceInAFile() throws Exception {
        Process process = installed.start(installed.home(), Map.of(), "/bin/sh", "-c",
                "{ echo before >&2; ./glia run --nonsense; echo after >&2; } >all 2>&1");
        Installation.await(process);
        assertEquals("before\nglia: glia run has no option '--nonsense'\nglia run --help shows its options\nafter\n",
                Files.readString(installed.home().resolve("all")));
    }

    @Test
    void aJvmThatDoesNotStartIsReported() throws Exception {
        for (String kernels : List.of("vector", "auto")) {
            Result result = installed.runWith(Map.of("JAVA_TOOL_OPTIONS", "-XX:NoSuchOption"), "run", "--kernels",
                    kernels);
            assertEquals(6, result.exitCode());
            assertEquals("glia: Java does not start with these options (see JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS): "
                    + "Unrecognized VM option 'NoSuchOption'\n", result.err());
            assertEquals("", result.out());
        }
        Result large = installed.runWith(Map.of("JAVA_TOOL_OPTIONS", "-Xms900000g"), "--version");
        assertEquals(5, large.exitCode(), large.err());
        assertTrue(large.err().startsWith("glia: not enough memory to start Java "), large.err());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void tooLittleMemoryForTheJvmIsReported() throws Exception {
        Result result = shell("ulimit -v 300000; ./glia --version");
        assertEquals(5, result.exitCode(), result.err());
        assertTrue(result.err().startsWith("glia: not enough memory to start Java (see ulimit -v "), result.err());
    }

    @Test
    void aJavaThatCannotBeExecutedIsReported() throws Exception {
        Path jdk = Files.createDirectories(folder.resolve("other jdk/bin")).getParent();
        Files.copy(Path.of(System.getProperty("java.home"), "release"), jdk.resolve("release"));
        for (String program : List.of("java", "javac")) {
            Files.writeString(jdk.resolve("bin").resolve(program), "\0\0\0\0").toFile().setExecutable(true);
        }
        Result result = installed.runWith(Map.of("JAVA_HOME", jdk.toString()), "--version");
        assertEquals(6, result.exitCode(), result.err());
        assertTrue(result.err().endsWith("glia: " + jdk.resolve("bin/java") + " cannot be executed; set JAVA_HOME to a "
                + "JDK 25 for this machine\n"), result.err());
        Files.delete(jdk.resolve("bin/javac"));
    }

    @Test
    void theJvmPrintsNoMessagesAboutFileLocks() throws Exception {
        Result pulled = installed.run("pull", "stories260K");
        assertEquals("stories260K, the story model that is shipped with Glia\n", pulled.err());
        assertEquals(0, pulled.exitCode());
        Result removed = installed.run("models", "--json", "remove",
                Path.of(pulled.out().strip()).getFileName().toString());
        assertEquals("", removed.err());
        assertEquals(0, removed.exitCode());
        assertTrue(removed.out().startsWith("{\"files\":5,"), removed.out());
    }

    /// Needs `script` of util-linux, which makes a terminal.
    @Test
    void resultsAreAsNarrowAsTheTerminal() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")));
        Result version = Installation.await(installed.start(folder, Map.of(), "/usr/bin/script", "--version"));
        Assumptions.assumeTrue(version.out().contains("util-linux"));
        for (int columns : new int[] {70, 130}) {
            Result result = Installation.await(installed.start(installed.home(), Map.of("NO_COLOR", "1"),
                    "/usr/bin/script", "-qec", "stty cols " + columns + "; ./glia run --help", "/dev/null"));
            assertEquals(0, result.exitCode(), result.out());
            int longest = result.out().lines().mapToInt(String::length).max().orElseThrow();
            assertTrue(longest > Math.min(columns, 100) - 15 && longest <= columns, longest + " of " + columns);
        }
    }

    @Test
    void closedDescriptorsAreEmptyFiles() throws Exception {
        Result asked = shell("./glia tokenize stories260K --json <&-");
        assertEquals("{\"ids\":[],\"pieces\":[]}\n", asked.out());
        assertEquals("", asked.err());
        assertEquals(new Result(0, "", ""), shell("./glia --version >&-"));
        assertEquals(new Result(2, "", ""), shell("./glia run --nonsense 2>&-"));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullDiskIsReportedAndABrokenPipeIsNot() throws Exception {
        for (String words : List.of("--help", "inspect stories260K --json")) {
            Result full = shell("./glia " + words + " >/dev/full");
            assertEquals(3, full.exitCode());
            assertTrue(full.err().startsWith("glia: standard output cannot be written: "), full.err());
        }
        Result cut = shell("{ ./glia tokenize stories260K \"$(seq 9999)\"; echo $? >&2; } | head -n 1");
        assertEquals(1, cut.out().lines().count());
        assertEquals("0\n", cut.err());
    }

    private static Result shell(String line) throws Exception {
        return Installation.await(installed.start(installed.home(), Map.of(), "/bin/bash", "-c", line));
    }

    @Test
    void aDamagedCacheIsRebuilt() throws Exception {
        Installation own = new Installation(folder.resolve("damaged")).withJars();
        own.run("--version");
        Path cache = caches(own).getFirst();
        FileTime made = Files.getLastModifiedTime(cache);
        try (var file = Files.newByteChannel(cache, StandardOpenOption.WRITE)) {
            file.position(Files.size(cache) / 3).write(java.nio.ByteBuffer.allocate(1_000_000));
        }
        Files.setLastModifiedTime(cache, FileTime.fromMillis(made.toMillis() + 2000));
        Result result = own.run("--version");
        assertEquals(0, result.exitCode(), result::err);
        assertFalse(cacheHolds(own, 1_000_000), "the damaged cache is still there");
    }

    private static List<Path> caches(Installation installation) throws Exception {
        try (Stream<Path> files = Files.walk(installation.home().resolve("lib"))) {
            return files.filter(file -> file.toString().endsWith(".aot")).toList();
        }
    }

    private static boolean cacheHolds(Installation installation, int numZeros) throws Exception {
        byte[] bytes = Files.readAllBytes(caches(installation).getFirst());
        int start = bytes.length / 3;
        for (int i = start; i < start + numZeros; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
