package glia.cli.launcher;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/// A copy of the launcher with the jars of this build, or with sources that a fake Maven "builds".
final class Installation {
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final long TIMEOUT_SECONDS = 60;

    private final Path home;

    /// Exit code and output of a process.
    record Result(int exitCode, String out, String err) {}

    /// @param home an empty folder
    Installation(Path home) throws IOException {
        this.home = home;
        Files.createDirectories(home.resolve("launch"));
        for (String file : List.of("glia", "launch/build.sh")) {
            Files.copy(ROOT.resolve(file), home.resolve(file));
        }
    }

    Path home() {
        return home;
    }

    /// Copies the jars of this build to the launcher's folder of a build.
    Installation withJars() throws IOException {
        Path build = Files.createDirectories(home.resolve("lib/20260101-000000"));
        List<String> names = copyJars(build, "", "");
        Files.write(build.resolve("classpath"), names);
        Files.writeString(home.resolve("lib/current"), "20260101-000000\n");
        return this;
    }

    /// Puts the jars that a fake Maven "builds" into a folder: those of this build, without the class that makes AOT
    /// caches, since the training run takes long, and the launcher must work if it fails.
    ///
    /// @param libraries beginnings of the names of libraries' jars; the launcher rewrites each jar of a build
    static void prepareJars(Path folder, String... libraries) throws IOException {
        copyJars(folder, "glia/cli/AotCacheRun.class", libraries);
    }

    /// Adds sources and a fake Maven that counts its calls and copies prepared jars.
    ///
    /// @param script further commands of the fake Maven
    Installation withSources(Path prepared, String script) throws IOException {
        Files.createDirectories(home.resolve("cli/src/main/java"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Files.writeString(home.resolve("cli/src/main/java/Main.java"), "class Main {}");
        Path maven = Files.createDirectories(home.resolve("bin")).resolve("mvn");
        Files.writeString(maven, """
                #!/bin/sh
                echo called >>"%1$s/calls"
                %2$s
                mkdir -p cli/target/lib && cp "%3$s"/*.jar cli/target/lib/ &&
                    mv cli/target/lib/glia-cli.jar cli/target/glia-cli-1.jar
                """.formatted(home, script, prepared));
        maven.toFile().setExecutable(true);
        return this;
    }

    /// The number of calls of the fake Maven.
    long numBuilds() throws IOException {
        Path calls = home.resolve("calls");
        return Files.exists(calls) ? Files.readAllLines(calls).size() : 0;
    }

    /// Starts the launcher without waiting for it.
    Process start(Path directory, Map<String, String> environment, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS",
                "JDK_JAVA_OPTIONS", "GLIA_DEBUG", "LC_ALL"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("PATH", home.resolve("bin") + ":/usr/local/bin:/usr/bin:/bin");
        builder.environment().put("GLIA_CACHE", home.resolve("cache").toString());
        builder.environment().put("HF_HOME", home.resolve("hub").toString());
        builder.environment().put("HF_HUB_OFFLINE", "1");
        builder.environment().putAll(environment);
        return builder.start();
    }

    /// Waits for a process and returns its output.
    static Result await(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        StringBuilder err = new StringBuilder();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                err.append(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("hangs; so far it wrote: " + out);
        }
        reader.join();
        return new Result(process.exitValue(), out, err.toString());
    }

    /// Runs the launcher in its own folder.
    Result run(String... words) throws IOException, InterruptedException {
        return runWith(Map.of(), words);
    }

    /// Runs the launcher in its own folder with further environment variables.
    Result runWith(Map<String, String> environment, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("./glia"));
        command.addAll(List.of(words));
        return await(start(home, environment, command.toArray(String[]::new)));
    }

    /// Puts the jars of this build into a folder.
    private static List<String> copyJars(Path folder, String without, String... libraries) throws IOException {
        List<String> names = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            Path path = Path.of(entry).toAbsolutePath().normalize();
            if (Files.isDirectory(path) && path.endsWith("target/classes")) {
                names.add("glia-" + path.getName(path.getNameCount() - 3) + ".jar");
                jar(path, folder.resolve(names.getLast()), without);
            } else if (entry.endsWith(".jar")
                    && Stream.of(libraries).anyMatch(path.getFileName().toString()::startsWith)) {
                names.add(path.getFileName().toString());
                Files.copy(path, folder.resolve(names.getLast()));
            }
        }
        return names;
    }

    private static void jar(Path classes, Path jar, String without) throws IOException {
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(jar));
                JarOutputStream out = new JarOutputStream(file); Stream<Path> tree = Files.walk(classes)) {
            out.setLevel(Deflater.BEST_SPEED);
            for (Path path : tree.filter(each -> Files.isRegularFile(each) && !classes.resolve(without).equals(each))
                    .sorted().toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(path).toString()));
                Files.copy(path, out);
            }
        }
    }
}
