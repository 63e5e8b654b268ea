package glia.reason.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The isolation of Linux: namespaces of users, mounts, network, processes, IPC and host name (`unshare`), a root
/// folder of its own (`pivot_root`), no capabilities (`setpriv`) and limits (`prlimit`).
final class Isolation {
    private static final String NOBODY = "65534";
    private static final List<String> TOOLS = List.of("unshare", "setpriv", "prlimit", "timeout", "mount",
            "pivot_root");
    private static final List<Path> FOLDERS = List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"), Path.of("/sbin"),
            Path.of("/bin"));
    private static final int FILES = 64;
    /// Files, folders and links: each takes memory of the kernel, also if it is empty.
    private static final int INODES = 4096;
    /// Where isolated programs look for commands.
    static final List<String> PATH = List.of("/usr/local/bin", "/usr/bin", "/bin");
    private static final List<String> SEEN = List.of("/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/");

    private Isolation() { }

    private static final class Probe {
        private static final Optional<String> OBSTACLE = probe();
    }

    /// Why programs cannot be isolated on this machine, tried once; empty if they can.
    static Optional<String> obstacle() {
        return Probe.OBSTACLE;
    }

    private static Optional<String> probe() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.of("isolation requires Linux, this is " + System.getProperty("os.name"));
        }
        List<String> missing = TOOLS.stream().filter(tool -> tool(tool).isEmpty()).toList();
        if (!missing.isEmpty()) {
            return Optional.of("the programs " + missing + " are missing; install util-linux and coreutils");
        }
        try {
            Path folder = Files.createTempDirectory("glia-sandbox-");
            try {
                Files.createDirectory(folder.resolve("files"));
                Files.createDirectory(folder.resolve("root"));
                Process process = new ProcessBuilder(command(folder, SandboxLimits.STANDARD,
                        List.of("/bin/sh", "-c", "test ! -e /etc && test ! -e /proc && echo isolated")))
                        .redirectErrorStream(true).start();
                process.getOutputStream().close();
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
                process.waitFor();
                return output.equals("isolated") ? Optional.empty() : Optional.of("user namespaces are refused: "
                        + (output.isEmpty() ? "exit code " + process.exitValue() : output));
            } finally {
                for (String name : List.of("files", "root", "")) {
                    Files.deleteIfExists(folder.resolve(name));
                }
            }
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("the check was interrupted");
        }
    }

    private static Optional<Path> tool(String name) {
        return FOLDERS.stream().map(folder -> folder.resolve(name)).filter(Files::isExecutable).findFirst();
    }

    /// The command that runs another one isolated.
    ///
    /// @param folder has the folders `files`, which are copied, and `root`, which is empty
    static List<String> command(Path folder, SandboxLimits limits, List<String> program) throws IOException {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(List.of(path("setpriv"), "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"));
            readable(folder);
        }
        all.addAll(List.of(path("unshare"), "--user", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--uts",
                "--fork", "--kill-child", "--", "/bin/sh", "-euc", script(), "sandbox",
                folder.resolve("root").toString(), folder.resolve("files").toString(),
                String.valueOf(limits.fileBytes()), String.valueOf(INODES)));
        all.addAll(List.of(path("prlimit"), "--as=" + limits.memoryBytes(),
                "--cpu=" + Math.max(1, limits.cpu().toSeconds()), "--fsize=" + limits.fileBytes(), "--nofile=" + FILES,
                // Two of them are `timeout` and the first process of the namespace.
                "--nproc=" + (limits.processes() + 2), "--core=0"));
        all.addAll(List.of(path("setpriv"), "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
                path("timeout"), "-s", "KILL", String.valueOf(limits.wall().toSeconds() + 2)));
        all.addAll(program);
        return all;
    }

    /// Whether an absolute path is in the folders that isolated programs see.
    static boolean isSeen(Path file) {
        return SEEN.stream().anyMatch(file.normalize().toString()::startsWith);
    }

    private static boolean isRoot() throws IOException {
        return ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).intValue() == 0;
    }

    /// Lets other users read a folder.
    private static void readable(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
    }

    private static String path(String tool) {
        return tool(tool).orElseThrow().toString();
    }

    private static String script() throws IOException {
        try (InputStream in = Isolation.class.getResourceAsStream("sandbox.sh")) {
            if (in == null) {
                throw new IOException("the program lacks the resource sandbox.sh");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
