package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import glia.io.hub.HubHttp.HubTimeouts;
import java.io.IOException;
import java.net.ProxySelector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Downloads that are partial, late, repeated, wrong or missing.
class DownloadTest {
    private static final String FILE = "model.safetensors";
    private static final byte[] WEIGHTS = HubClientTest.WEIGHTS;
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private final Steps steps = new Steps();
    private final HubName tiny = HubClientTest.name("acme/tiny");
    private HubClient client;
    private Path incomplete;

    @BeforeEach
    void fill() {
        hub.with("config.json", "{}").with("tokenizer.json", "{}").with(FILE, WEIGHTS);
        client = new HubClient(hub.settings(folder), new FakeClock(), HubTimeouts.DEFAULT, ProxySelector.of(null));
        incomplete = folder.resolve("hub/models--acme--tiny/blobs").resolve(hub.etag(FILE) + ".incomplete");
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private void pullWhole() throws IOException {
        Path snapshot = client.pull(tiny, steps).path();
        assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve(FILE)));
        assertFalse(Files.exists(incomplete));
    }

    private HubException refusal(Kind kind) {
        var refusal = assertThrows(HubException.class, () -> client.pull(tiny, steps));
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        assertFalse(Files.exists(folder.resolve("hub/models--acme--tiny/refs/main")), "the model is not there yet");
        assertEquals(java.util.Optional.empty(), find());
        return refusal;
    }

    private java.util.Optional<ModelLocation> find() {
        try {
            return client.find(tiny);
        } catch (HubException e) {
            throw new AssertionError(e);
        }
    }

    private List<String> ranges() {
        return hub.requests("GET", "/store/").stream().map(request -> request.range() + "").toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 299_999})
    void resumesAPartialFile(int present) throws IOException {
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, Arrays.copyOf(WEIGHTS, present));
        pullWhole();
        assertEquals(List.of("bytes=" + present + "-"), ranges());
    }

    @Test
    void onlyRenamesACompletePartialFile() throws IOException {
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, WEIGHTS);
        pullWhole();
        assertEquals(List.of(), ranges());
    }

    @Test
    void restartsWithoutRangesOrWithATooLongPartialFile() throws IOException {
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, Arrays.copyOf(WEIGHTS, 1000));
        hub.ranges = false;
        pullWhole();

        Path blob = incomplete.resolveSibling(hub.etag(FILE));
        Files.delete(blob);
        Files.write(incomplete, new byte[WEIGHTS.length + 1]);
        pullWhole();
        assertEquals("null", ranges().getLast());
    }

    @Test
    void resumesAfterABrokenBody() throws IOException {
        hub.planTruncation(2, 100_000);
        pullWhole();
        // The last bytes before a break may be lost on the way.
        List<Integer> starts = ranges().stream().map(range -> Integer.parseInt("0" + range.replaceAll("\\D", "")))
            .toList();
        assertEquals(3, starts.size());
        assertTrue(starts.get(0) == 0 && starts.get(1) > 0 && starts.get(1) <= 100_000, starts.toString());
        assertTrue(starts.get(2) > starts.get(1) && starts.get(2) <= 200_000, starts.toString());
        assertTrue(steps.said("stopped at"));
    }

    @Test
    void keepsThePartialFileAfterTooManyBrokenBodies() throws IOException {
        hub.planTruncation(5, 10_000);
        var refusal = refusal(Kind.UNREACHABLE);
        int present = (int) Files.size(incomplete);
        assertTrue(present > 0 && present <= 50_000);
        assertTrue(refusal.getMessage().contains(ProgressMeter.size(present) + " of 300.0 kB"), refusal.getMessage());
        assertArrayEquals(Arrays.copyOf(WEIGHTS, present), Files.readAllBytes(incomplete));
        pullWhole();
        assertEquals("bytes=" + present + "-", ranges().getLast());
    }

    @Test
    void deletesFilesWithAWrongHash() throws IOException {
        for (String file : List.of("config.json", FILE)) {
            byte[] wrong = hub.files.get(file).clone();
            wrong[wrong.length / 2] ^= 1;
            byte[] right = hub.files.put(file, wrong);
            String etag = FakeHub.etag(file, right);
            hub.plan(false, "HEAD", file, exchange -> {
                exchange.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
                exchange.getResponseHeaders().set("ETag", "\"" + etag + "\"");
                exchange.getResponseHeaders().set("X-Linked-Size", "" + right.length);
                exchange.sendResponseHeaders(200, -1);
                exchange.close();
            });
            var refusal = refusal(Kind.CORRUPT);
            assertTrue(refusal.getMessage().contains(etag), refusal.getMessage());
            hub.files.put(file, right);
        }
        assertFalse(Files.exists(incomplete));
        pullWhole();
    }

    @Test
    void deletesAPartialFileWithWrongBytes() throws IOException {
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, new byte[1000]);
        refusal(Kind.CORRUPT);
        assertFalse(Files.exists(incomplete));
        pullWhole();
    }

    @Test
    void stopsABodyThatIsTooLong() throws IOException {
        hub.plan(true, "GET", FILE, exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(WEIGHTS);
            exchange.getResponseBody().write(WEIGHTS);
            exchange.close();
        });
        refusal(Kind.CORRUPT);
        assertFalse(Files.exists(incomplete));
    }

    @Test
    void restartsAfterAWrongRange() throws IOException {
        Files.createDirectories(incomplete.getParent());
        Files.write(incomplete, Arrays.copyOf(WEIGHTS, 1000));
        hub.plan(true, "GET", FILE, exchange -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 500-999/300000");
            exchange.sendResponseHeaders(206, 500);
            exchange.getResponseBody().write(new byte[500]);
            exchange.close();
        });
        pullWhole();
    }

    @Test
    void keepsThePartialFileWhenInterrupted() throws Exception {
        var halfSent = new CountDownLatch(1);
        var over = new CountDownLatch(1);
        hub.plan(true, "GET", FILE, exchange -> {
            exchange.sendResponseHeaders(200, WEIGHTS.length);
            exchange.getResponseBody().write(WEIGHTS, 0, 150_000);
            exchange.getResponseBody().flush();
            halfSent.countDown();
            await(over);
            exchange.close();
        });
        var result = new AtomicReference<Throwable>();
        var thread = Thread.ofPlatform().start(() -> {
            result.set(assertThrows(HubException.class, () -> client.pull(tiny, steps)));
            assertTrue(Thread.currentThread().isInterrupted());
        });
        halfSent.await();
        while (!Files.exists(incomplete) || Files.size(incomplete) < 150_000) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join();
        over.countDown();
        assertEquals(Kind.INTERRUPTED, ((HubException) result.get()).kind());
        assertEquals(150_000, Files.size(incomplete));
        pullWhole();
        assertEquals("bytes=150000-", ranges().getLast());
    }

    @Test
    void concurrentPullsDownloadAFileOnce() throws Exception {
        var started = new CountDownLatch(1);
        var waiting = new CountDownLatch(1);
        hub.plan(true, "GET", FILE, exchange -> {
            started.countDown();
            await(waiting);
            hub.sendBody(exchange, Integer.MAX_VALUE);
        });
        var first = Thread.ofPlatform().start(() -> assertDoesPull(steps));
        started.await();
        var second = new Steps() {
            @Override
            public void step(String oneLine) {
                super.step(oneLine);
                if (oneLine.contains("waiting")) {
                    waiting.countDown();
                }
            }
        };
        assertDoesPull(second);
        first.join();
        assertTrue(second.said("Another program is downloading " + FILE));
        assertEquals(1, ranges().size());
        assertTrue(client.find(tiny).isPresent());
    }

    private void assertDoesPull(Steps to) {
        try {
            client.pull(tiny, to);
        } catch (HubException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
