package glia.reason.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.reason.sandbox.SandboxResult.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxTest {
    private static final SandboxLimits LIMITS = new SandboxLimits(Duration.ofSeconds(20), Duration.ofSeconds(10),
            512L << 20, 10_000, 1 << 20, 16);

    @TempDir
    Path folder;

    @BeforeEach
    void isolation() {
        assumeTrue(Isolation.obstacle().isEmpty(), () -> Isolation.obstacle().orElseThrow());
    }

    private static SandboxResult shell(SandboxLimits limits, String script) throws Exception {
        return new Sandbox(limits).run(List.of("/bin/sh", "main.sh"), Map.of("main.sh", script), "input\n");
    }

    @Test
    void programsRunWithTheirFilesAndInput() throws Exception {
        SandboxResult result = shell(LIMITS, "read x; echo got $x; pwd; ls; echo bad >&2; exit 3");
        assertEquals("got input\n/box\nmain.sh\n", result.output());
        assertEquals("bad\n", result.errors());
        assertEquals(Status.FAILED, result.status());
        assertEquals(3, result.exitCode());
        assertTrue(shell(LIMITS, "true").succeeded());
    }

    /// Output of a program that has ended is read while its process is cleaned up.
    @Test
    void outputIsWholeWhenManyProgramsRunTogether() throws Exception {
        List<Callable<String>> runs = Collections.nCopies(64, () -> shell(LIMITS, "echo 6; echo bad >&2").output());
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<String> run : threads.invokeAll(runs)) {
                assertEquals("6\n", run.get());
            }
        }
    }

    @Test
    void foreignFilesAreNotThere() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "s3cret");
        SandboxResult result = shell(LIMITS, "cat " + secret + "; ls /; ls /etc /proc /home /root; env");
        assertTrue(!result.output().contains("s3cret") && !result.output().contains("etc"), result.output());
        assertEquals("", shell(LIMITS, "env | grep -v -E '^(PATH|HOME|TMPDIR|LANG|PWD|OLDPWD|SHLVL|_)='").output());
    }

    @Test
    void systemFoldersAreReadOnly() throws Exception {
        SandboxResult result = shell(LIMITS, "echo x > /usr/glia-test && echo written; rm -f /bin/sh; ls /bin/sh");
        assertEquals("/bin/sh\n", result.output());
    }

    @Test
    void thereIsNoNetwork() throws Exception {
        // Interfaces that are up; even the loopback interface is down.
        SandboxResult result = shell(LIMITS, "command -v python3 >/dev/null || { echo no; exit; }\n"
                + "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 1), 2)' 2>&1 | tail -1");
        assertTrue(result.output().contains("unreachable") || result.output().equals("no\n"), result.output());
    }

    @Test
    void privilegesAreGone() throws Exception {
        SandboxResult result = shell(LIMITS, "mount -t tmpfs x /tmp && echo mounted; unshare --mount true && echo new");
        assertEquals("", result.output());
    }

    @Test
    void timeIsLimited() throws Exception {
        SandboxResult result = shell(LIMITS.withTime(Duration.ofMillis(1500)), "sleep 1000 & sleep 1000");
        assertEquals(Status.TIMED_OUT, result.status());
        assertTrue(result.time().toSeconds() < 15, result.toString());
        SandboxLimits cpu = new SandboxLimits(Duration.ofSeconds(60), Duration.ofSeconds(1), 512L << 20, 1000, 1000, 9);
        assertEquals(Status.FAILED, shell(cpu, "while :; do :; done").status());
    }

    @Test
    void outputIsLimited() throws Exception {
        SandboxResult result = shell(LIMITS, "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done");
        assertEquals(Status.TOO_MUCH_OUTPUT, result.status());
        assertEquals(10_000, result.output().length());
    }

    @Test
    void filesAndProcessesAreLimited() throws Exception {
        SandboxResult files = shell(LIMITS, "for i in 1 2 3 4 5; do head -c 900000 /dev/zero > f$i || exit 7; done");
        assertEquals(7, files.exitCode());
        // Empty files take memory of the kernel, too.
        SandboxResult empty = shell(LIMITS, "i=0; while [ $i -lt 9000 ]; do : > f$i || exit 7; i=$((i+1)); done");
        assertTrue(empty.exitCode() != 0 && empty.errors().contains("No space left"), empty.toString());
        SandboxResult processes = shell(LIMITS.withTime(Duration.ofSeconds(10)),
                "i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; wait; echo all");
        assertTrue(!processes.output().contains("all"), processes.toString());
    }

    @Test
    void memoryIsLimited() throws Exception {
        SandboxResult result = shell(LIMITS.withMemory(64L << 20),
                "x=$(head -c 200000000 /dev/zero | tr '\\0' 'x'); echo all");
        assertTrue(!result.output().contains("all"), result.output());
    }

    @Test
    void fileNamesAndLimitsAreChecked() throws Exception {
        Sandbox sandbox = new Sandbox(LIMITS);
        assertThrows(IllegalArgumentException.class, () -> sandbox.run(List.of("true"), Map.of("../x", ""), ""));
        assertThrows(IllegalArgumentException.class, () -> LIMITS.withMemory(0));
        assertThrows(IllegalArgumentException.class, () -> LIMITS.withTime(Duration.ZERO));
    }
}
