package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheLockTest {
    @TempDir
    Path folder;

    @Test
    void excludesOtherThreads() throws Exception {
        Path file = folder.resolve("a/b.lock");
        var lock = CacheLock.acquire(file, "waiting", Progress.NONE);
        assertNull(CacheLock.tryAcquire(file));
        try (var other = CacheLock.tryAcquire(folder.resolve("a/c.lock"))) {
            assertNotNull(other);
        }
        var steps = new Steps();
        var second = Thread.ofPlatform().start(() -> {
            try (var mine = CacheLock.acquire(file, "waiting", steps)) {
                steps.step("got it " + mine);
            } catch (HubException e) {
                steps.step("failed");
            }
        });
        while (!steps.said("waiting")) {
            Thread.sleep(1);
        }
        lock.close();
        second.join();
        assertTrue(steps.said("got it"));
        assertEquals(2, steps.steps.size(), "waiting is reported once");
        assertTrue(Files.exists(file), "the file stays for those who wait");
    }

    @Test
    void stopsWaitingWhenInterrupted() throws Exception {
        try (var lock = CacheLock.acquire(folder.resolve("x.lock"), "waiting", Progress.NONE)) {
            assertNotNull(lock);
            Thread.currentThread().interrupt();
            var stopped = assertThrows(HubException.class,
                () -> CacheLock.acquire(folder.resolve("x.lock"), "waiting", Progress.NONE));
            assertEquals(Kind.INTERRUPTED, stopped.kind());
            assertTrue(Thread.interrupted());
        }
    }

    /// Compares with `flock(1)` of util-linux, which locks as the hub's other tools do.
    @Test
    void excludesOtherProcesses() throws Exception {
        Path file = Files.createFile(folder.resolve("x.lock"));
        assumeTrue(exit("flock", "--version") == 0, "flock(1) is not installed");
        try (var lock = CacheLock.acquire(file, "waiting", Progress.NONE)) {
            assertNotNull(lock);
            assertEquals(1, exit("flock", "--nonblock", file.toString(), "true"));
        }
        assertEquals(0, exit("flock", "--nonblock", file.toString(), "true"));

        Process holder = new ProcessBuilder("flock", file.toString(), "sh", "-c", "echo held; read x").start();
        assertEquals('h', holder.getInputStream().read());
        assertNull(CacheLock.tryAcquire(file));
        holder.getOutputStream().close();
        assertTrue(holder.waitFor(10, TimeUnit.SECONDS));
        try (var lock = CacheLock.tryAcquire(file)) {
            assertNotNull(lock, "a lock ends with its holder");
        }
    }

    private static int exit(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void closingTwiceReleasesOnce() throws Exception {
        Path file = folder.resolve("twice.lock");
        CacheLock lock = CacheLock.tryAcquire(file);
        lock.close();
        try (CacheLock next = CacheLock.tryAcquire(file)) {
            lock.close();
            assertNull(CacheLock.tryAcquire(file), "the second close does not release the lock of another holder");
            assertNotNull(next);
        }
    }
}
