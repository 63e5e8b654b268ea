package glia.cli.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.launcher.Installation.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Builds by the launcher, with a fake Maven.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "glia is the launcher of Linux and macOS")
class LauncherBuildTest {
    /// Jars that each start needs, and those of superclasses that the launcher looks for when it rewrites a build.
    @TempDir static Path few;
    @TempDir Path folder;

    @BeforeAll
    static void prepare() throws Exception {
        Installation.prepareJars(few, "picocli-", "jackson-", "json-schema-");
    }

    @Test
    void buildsWhatIsMissingAndAgainWhenSourcesAreNewer() throws Exception {
        Installation clone = new Installation(folder.resolve("clone")).withSources(few, "");
        for (String old : List.of("20250101-000000", "20250102-000000")) {
            Files.createDirectories(clone.home().resolve("lib/" + old));
        }
        Result first = clone.run("--version");
        assertEquals(0, first.exitCode(), first::err);
        assertTrue(first.out().startsWith("glia "), first.out());
        assertTrue(first.err().contains("glia: built in"), first.err());
        assertEquals("", clone.run("--version").err());
        assertEquals(1, clone.numBuilds());
        // Only the last two builds are kept.
        assertFalse(Files.exists(clone.home().resolve("lib/20250101-000000")));
        assertTrue(Files.exists(clone.home().resolve("lib/20250102-000000")));

        Path source = clone.home().resolve("cli/src/main/java/Main.java");
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 1000));
        clone.run("--version");
        assertEquals(2, clone.numBuilds());
        Files.setLastModifiedTime(source, FileTime.fromMillis(0));

        Files.delete(source);
        clone.run("--version");
        assertEquals(3, clone.numBuilds());
    }

    @Test
    void onlyCommandsThatServeHaveTheServersJars() throws Exception {
        Path all = Files.createDirectories(folder.resolve("jars"));
        Installation.prepareJars(all, "");
        Installation clone = new Installation(folder.resolve("clone")).withSources(all, "");
        assertEquals(0, clone.run("--version").exitCode());
        Path build = clone.home().resolve("lib")
                .resolve(Files.readString(clone.home().resolve("lib/current")).strip());
        List<String> jars = Files.readAllLines(build.resolve("classpath"));
        List<String> server = Files.readAllLines(build.resolve("classpath.server"));
        for (String needed : List.of("helidon-webserver-", "markdown-it-", "dompurify-", "katex-", "highlightjs-")) {
            assertTrue(server.stream().anyMatch(jar -> jar.startsWith(needed)), server::toString);
        }
        assertTrue(jars.stream().anyMatch(jar -> jar.startsWith("picocli-")), jars::toString);
        assertTrue(jars.stream().noneMatch(server::contains), jars::toString);
        try (Stream<Path> files = Files.list(build)) {
            assertEquals(files.filter(file -> file.toString().endsWith(".jar")).count(), jars.size() + server.size());
        }
        Result run = clone.run("run", "stories260K", "Once", "-n", "2");
        assertEquals(0, run.exitCode(), run::err);
        Result mcp = clone.run("mcp", "stories260K");
        assertEquals(0, mcp.exitCode(), mcp::err);
        Files.writeString(build.resolve("classpath.server"), "");
        assertTrue(clone.run("mcp", "stories260K").exitCode() != 0);
    }

    @Test
    void startsAtTheSameTimeBuildOnce() throws Exception {
        Installation clone = new Installation(folder.resolve("clone")).withSources(few, "sleep 1");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(clone.start(clone.home(), Map.of(), "./glia", "--version"));
        }
        for (Process process : processes) {
            Result result = Installation.await(process);
            assertEquals(0, result.exitCode(), result::err);
            assertTrue(result.out().startsWith("glia "), result.out());
        }
        assertEquals(1, clone.numBuilds());
        assertFalse(Files.exists(clone.home().resolve("lib/.lock")));
    }

    @Test
    void aLockWhoseOwnerIsGoneIsTakenOver() throws Exception {
        Installation clone = new Installation(folder.resolve("clone")).withSources(few, "");
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Path lock = Files.createDirectories(clone.home().resolve("lib/.lock"));
        Files.writeString(lock.resolve("owner"), gone.pid() + "\n");
        Result result = clone.run("--version");
        assertEquals(0, result.exitCode(), result::err);
        assertFalse(Files.exists(lock));
    }

    @Test
    void aFailedBuildSaysWhyAndLeavesNothingBehind() throws Exception {
        Installation clone = new Installation(folder.resolve("clone"))
                .withSources(few, "echo '[ERROR] Main.java:[1,7] nonsense'; echo '[ERROR] '; exit 1");
        Result result = clone.run("--version");
        assertEquals(6, result.exitCode());
        assertEquals("", result.out());
        assertTrue(result.err().contains("glia: the build failed;"), result.err());
        assertTrue(result.err().contains("[ERROR] Main.java:[1,7] nonsense"), result.err());
        assertFalse(Files.exists(clone.home().resolve("lib/current")));
        assertFalse(Files.exists(clone.home().resolve("lib/.lock")));
    }

    @Test
    @Timeout(60)
    void whenStoppedItStopsMavenAndLeavesOnlyTheMark() throws Exception {
        Path pid = folder.resolve("pid");
        Installation clone = new Installation(folder.resolve("clone"))
                .withSources(few, "echo $$ >'" + pid + "'; mv '" + pid + "' '" + pid + ".whole'; exec sleep 60");
        Process process = clone.start(clone.home(), Map.of(), "./glia", "--version");
        Path whole = folder.resolve("pid.whole");
        while (!Files.exists(whole)) {
            Thread.sleep(20);
        }
        ProcessHandle maven = ProcessHandle.of(Long.parseLong(Files.readString(whole).strip())).orElseThrow();
        process.toHandle().destroy();
        Result result = Installation.await(process);
        assertEquals(130, result.exitCode());
        assertTrue(result.err().endsWith("glia: stopped; the next start continues\n"), result.err());
        maven.onExit().get();
        try (Stream<Path> left = Files.list(clone.home().resolve("lib"))) {
            assertEquals(List.of(".unfinished", "build.log"), left.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("jdk")).sorted().toList());
        }
    }

    /// Maven takes classes that were half written for finished ones.
    @Test
    void afterABuildThatFailedMavenStartsAnew() throws Exception {
        Installation clone = new Installation(folder.resolve("clone")).withSources(few, """
                echo "$*" >>../words
                [ -e ../fails ] && exit 1""".replace("..", folder.toString()));
        Path fails = Files.createFile(folder.resolve("fails"));
        assertEquals(6, clone.run("--version").exitCode());
        assertEquals(6, clone.run("--version").exitCode());
        Files.delete(fails);
        Result done = clone.run("--version");
        assertEquals(0, done.exitCode(), done::err);
        Files.setLastModifiedTime(clone.home().resolve("cli/src/main/java/Main.java"),
                FileTime.fromMillis(System.currentTimeMillis() + 1000));
        clone.run("--version");
        List<Boolean> cleans = Files.readAllLines(folder.resolve("words")).stream()
                .map(words -> words.contains(" clean ")).toList();
        assertEquals(List.of(false, true, true, false), cleans);
        try (Stream<Path> files = Files.list(clone.home().resolve("lib"))) {
            List<String> left = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(".new") || name.equals(".unfinished")).toList();
            assertEquals(List.of(), left);
        }
    }

    /// The message of a machine without a JDK: commands that work on its system.
    @Test
    void theCommandsToInstallAreThoseOfTheSystem() throws Exception {
        String debian = howToGet("jdk", "ID=debian\nPRETTY_NAME='Debian 12'\nVERSION_CODENAME=bookworm\n", "apt-get");
        assertTrue(debian.contains("on Debian 12 with:\n"), debian);
        assertTrue(debian.contains("adoptium.net/artifactory/deb bookworm main"), debian);
        assertTrue(debian.contains("apt-get install -y temurin-25-jdk"), debian);
        String newer = howToGet("jdk", "PRETTY_NAME='Debian 14'\n", "apt-get", "apt-cache");
        assertTrue(newer.contains("apt-get install openjdk-25-jdk\n"), newer);
        String mint = howToGet("jdk", "VERSION_CODENAME=xia\nUBUNTU_CODENAME=noble\n", "apt-get");
        assertTrue(mint.contains("/deb noble main"), mint);
        assertTrue(howToGet("maven", "", "apt-get").contains("apt-get install maven\n"));
        assertTrue(howToGet("jdk", "", "dnf").contains("dnf install java-25-openjdk-devel\n"));
        assertTrue(howToGet("maven", "", "pacman").contains("pacman -S maven\n"));
        assertTrue(howToGet("jdk", "", "brew", "apt-get").contains("  brew install openjdk@25\n"));
        String other = howToGet("maven", "");
        assertTrue(other.startsWith("Install it with SDKMAN:\n") && other.contains("sdk install maven"), other);
    }

    /// @param tools the package managers of the system; the cache of `apt-cache` has all packages
    private String howToGet(String what, String osRelease, String... tools) throws Exception {
        Path system = Files.createTempDirectory(folder, "system");
        for (String tool : tools) {
            Path file = Files.writeString(system.resolve(tool), "#!/bin/sh\necho Package: x\n");
            assertTrue(file.toFile().setExecutable(true));
        }
        for (String tool : List.of("sed", "grep", "id")) {
            Path found = Stream.of("/usr/bin/", "/bin/").map(place -> Path.of(place + tool)).filter(Files::exists)
                    .findFirst().orElseThrow();
            Files.createSymbolicLink(system.resolve(tool), found);
        }
        Path release = Files.writeString(system.resolve("os-release"), osRelease);
        Process bash = new ProcessBuilder("/bin/bash", "-c", ". '" + Installation.ROOT + "/launch/build.sh'; PATH='"
                + system + "' os_release='" + release + "'; how_to_get " + what).start();
        Result result = Installation.await(bash);
        assertEquals("", result.err());
        return result.out();
    }
}
