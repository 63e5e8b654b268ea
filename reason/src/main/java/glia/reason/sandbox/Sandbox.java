package glia.reason.sandbox;

import glia.reason.sandbox.SandboxResult.Status;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Runs untrusted programs in child processes.
///
/// Isolated, which takes Linux with unprivileged user namespaces and util-linux, a program
/// - sees the system's programs and libraries read-only (`/usr`, `/bin`, `/lib`…), a few devices, and a folder of its
/// own   with its files, in memory; no other file, no `/proc`, no environment variables;
/// - has no network, not even the loopback interface, and sees no other process;
/// - has no privileges, and runs as user 65534 where Glia runs as root;
/// - ends with all processes that it started, at the latest at the wall-clock limit;
/// - is held to [limits][SandboxLimits] by the kernel.
///
/// It can still use a processor up to its limits, and read what is installed in the system's folders. It shares the
/// kernel: this is the isolation of an unprivileged container, not of a virtual machine.
///
/// Elsewhere a sandbox refuses to run anything, unless it is made with `allowUnisolated`. Then a program is only held
/// to the wall-clock and output limits and starts in an empty folder; it may read and write all files of the user and
/// use the network.
public final class Sandbox {
    private static final long GRACE_MILLIS = 2_000;
    private static final int BUFFER_BYTES = 8192;
    /// How much more than the output of one program two may exchange in each direction.
    private static final int CONVERSATION = 64;
    /// The longest time that a run takes beyond the wall-clock limit of its program, on a busy machine.
    public static final Duration OVERHEAD = Duration.ofSeconds(20);

    private final SandboxLimits limits;
    private final boolean isolated;

    /// An isolated sandbox.
    ///
    /// @throws SandboxUnavailableException if this machine cannot isolate programs; the message says why
    public Sandbox(SandboxLimits limits) throws SandboxUnavailableException {
        this(limits, false);
    }

    /// @param allowUnisolated whether to run programs without isolation where the machine cannot isolate them
    /// @throws SandboxUnavailableException if it cannot and must not
    public Sandbox(SandboxLimits limits, boolean allowUnisolated) throws SandboxUnavailableException {
        Optional<String> obstacle = Isolation.obstacle();
        if (obstacle.isPresent() && !allowUnisolated) {
            throw new SandboxUnavailableException("programs cannot be isolated here: " + obstacle.get());
        }
        this.limits = limits;
        isolated = obstacle.isEmpty();
    }

    /// Whether programs find a command: by its name on their path, or by its absolute path.
    public boolean has(String command) {
        List<String> folders = isolated ? Isolation.PATH
                : List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator));
        boolean isName = command.indexOf('/') < 0 && command.indexOf(File.separatorChar) < 0;
        return isName ? folders.stream().anyMatch(folder -> isProgram(Path.of(folder, command)))
                : isProgram(Path.of(command)) && (!isolated || Isolation.isSeen(Path.of(command)));
    }

    private static boolean isProgram(Path file) {
        return Files.isExecutable(file) && !Files.isDirectory(file)
                || Files.isExecutable(file.resolveSibling(file.getFileName() + ".exe"));
    }

    /// Runs a program and waits for its end.
    ///
    /// @param command the program with its arguments; it starts in the folder with the files
    /// @param files contents by plain name
    /// @param input standard input
    /// @throws IOException if the program cannot be started
    /// @throws InterruptedException if the thread is interrupted; the program has ended then, too
    public SandboxResult run(List<String> command, Map<String, String> files, String input)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("glia-sandbox-");
        try {
            return run(start(folder, command, files), input);
        } finally {
            delete(folder);
        }
    }

    /// Runs two programs, each in a sandbox of its own: what one writes to standard output, up to a limit, is the
    /// standard input of the other. The second ends with the first.
    ///
    /// @param command the program of both; the file `main` of each follows
    /// @param files of the first, by plain name
    /// @param others of the second
    /// @return the end of the first, without its output
    /// @throws IOException if a program cannot be started
    public SandboxResult converse(List<String> command, Map<String, String> files, Map<String, String> others)
            throws IOException, InterruptedException {
        List<String> main = Stream.concat(command.stream(), Stream.of("main")).toList();
        Path folder = Files.createTempDirectory("glia-sandbox-");
        Path other = Files.createTempDirectory("glia-sandbox-");
        long start = System.nanoTime();
        Process first = null;
        Process second = null;
        try {
            second = start(other, main, others);
            first = start(folder, main, files);
            Process judge = first;
            Process asked = second;
            try (OutputLimit errors = new OutputLimit(judge.getErrorStream(), limits.outputBytes(), judge);
                    OutputLimit rest = new OutputLimit(asked.getErrorStream(), limits.outputBytes(), asked)) {
                daemon(() -> pump(judge.getInputStream(), asked.getOutputStream()));
                daemon(() -> pump(asked.getInputStream(), judge.getOutputStream()));
                boolean ended = judge.waitFor(limits.wall().toNanos(), TimeUnit.NANOSECONDS);
                end(judge);
                int exitCode = judge.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS) ? judge.exitValue() : -1;
                errors.await(GRACE_MILLIS);
                Status status = errors.exceeded() || rest.exceeded() ? Status.TOO_MUCH_OUTPUT
                        : !ended ? Status.TIMED_OUT : exitCode == 0 ? Status.SUCCEEDED : Status.FAILED;
                return new SandboxResult(status, exitCode, "", errors.text(),
                        Duration.ofNanos(System.nanoTime() - start));
            }
        } finally {
            for (Process process : new Process[] {first, second}) {
                if (process != null) {
                    end(process);
                    process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS);
                }
            }
            delete(folder);
            delete(other);
        }
    }

    /// Copies a stream to another and closes that, after the end or the most bytes.
    private void pump(InputStream in, OutputStream out) {
        byte[] buffer = new byte[BUFFER_BYTES];
        long left = (long) limits.outputBytes() * CONVERSATION;
        try (out) {
            for (int n = in.read(buffer); n >= 0 && left >= n; n = in.read(buffer)) {
                left -= n;
                out.write(buffer, 0, n);
                out.flush();
            }
        } catch (IOException e) {
            // One of both programs has ended.
            return;
        }
    }

    private Process start(Path folder, List<String> command, Map<String, String> files) throws IOException {
        Path program = Files.createDirectory(folder.resolve("files"));
        Files.createDirectory(folder.resolve("root"));
        for (Map.Entry<String, String> file : files.entrySet()) {
            if (!file.getKey().matches("\\w[\\w.-]{0,99}")) {
                throw new IllegalArgumentException("'" + file.getKey() + "' is no plain file name");
            }
            Files.writeString(program.resolve(file.getKey()), file.getValue());
        }
        List<String> all = isolated ? Isolation.command(folder, limits, command) : command;
        ProcessBuilder builder = new ProcessBuilder(all).directory(program.toFile());
        builder.environment().keySet().removeIf(name -> !name.equals("PATH")
                && !name.equalsIgnoreCase("SystemRoot"));
        return builder.start();
    }

    private SandboxResult run(Process process, String input) throws InterruptedException {
        long start = System.nanoTime();
        try (OutputLimit output = new OutputLimit(process.getInputStream(), limits.outputBytes(), process);
                OutputLimit errors = new OutputLimit(process.getErrorStream(), limits.outputBytes(), process)) {
            Thread writer = daemon(() -> write(process.getOutputStream(), input));
            boolean ended = process.waitFor(limits.wall().toNanos(), TimeUnit.NANOSECONDS);
            end(process);
            int exitCode = process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS) ? process.exitValue() : -1;
            output.await(GRACE_MILLIS);
            errors.await(GRACE_MILLIS);
            writer.interrupt();
            Status status = output.exceeded() || errors.exceeded() ? Status.TOO_MUCH_OUTPUT
                    : !ended ? Status.TIMED_OUT : exitCode == 0 ? Status.SUCCEEDED : Status.FAILED;
            return new SandboxResult(status, exitCode, output.text(), errors.text(),
                    Duration.ofNanos(System.nanoTime() - start));
        } finally {
            end(process);
        }
    }

    /// Ends a process and those that it started. [Process#destroyForcibly] would close its streams, too, before all of
    /// its output is read.
    static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.toHandle().destroyForcibly();
    }

    private static void write(OutputStream out, String input) {
        try (out) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The program ended before it read all of its input, which it may.
            return;
        }
    }

    static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "sandbox");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// Reads a stream of a process on a thread of its own, up to a limit, at which the process is ended.
    static final class OutputLimit implements AutoCloseable {
        private static final int BUFFER_BYTES = 8192;

        private final InputStream in;
        private final int limit;
        private final Process process;
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private final Thread reader;
        private volatile boolean exceeded;

        OutputLimit(InputStream in, int limit, Process process) {
            this.in = in;
            this.limit = limit;
            this.process = process;
            reader = Sandbox.daemon(this::read);
        }

        private void read() {
            byte[] buffer = new byte[BUFFER_BYTES];
            try {
                for (int n = in.read(buffer); n >= 0 && !exceeded; n = in.read(buffer)) {
                    synchronized (kept) {
                        kept.write(buffer, 0, Math.min(n, limit - kept.size()));
                        exceeded = n > 0 && kept.size() >= limit;
                    }
                }
            } catch (IOException e) {
                // The process has ended.
                return;
            }
            if (exceeded) {
                Sandbox.end(process);
            }
        }

        void await(long millis) throws InterruptedException {
            reader.join(millis);
        }

        boolean exceeded() {
            return exceeded;
        }

        String text() {
            synchronized (kept) {
                return kept.toString(StandardCharsets.UTF_8);
            }
        }

        @Override
        public void close() {
            try {
                in.close();
            } catch (IOException e) {
                // The stream of a process that has ended; what was read is kept.
                return;
            }
        }
    }
}
