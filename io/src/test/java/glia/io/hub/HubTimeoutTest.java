package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import glia.io.hub.HubException.Kind;
import glia.io.hub.HubHttp.HubTimeouts;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ProxySelector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Servers that go silent, send byte by byte, never end, or send too much.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HubTimeoutTest {
    private static final String LISTING = "/api/models/";
    private static final String FILE = "model.safetensors";
    private static final HubTimeouts TIMEOUTS = new HubTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(20),
        Duration.ofMillis(400), 64, Duration.ofSeconds(2));
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private final FakeClock clock = new FakeClock();
    private final CountDownLatch over = new CountDownLatch(1);
    private HubClient client;

    @BeforeEach
    void fill() {
        hub.with("config.json", "{}").with("tokenizer.json", "{}").with(FILE, HubClientTest.WEIGHTS);
        client = new HubClient(hub.settings(folder), clock, TIMEOUTS, ProxySelector.of(null));
    }

    @AfterEach
    void stop() {
        over.countDown();
        hub.close();
    }

    private HubException refusal(Kind kind, String... words) {
        var refusal = assertThrows(HubException.class,
            () -> client.pull(HubClientTest.name("acme/tiny"), Progress.NONE));
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        for (String word : words) {
            assertTrue(refusal.getMessage().contains(word), refusal.getMessage());
        }
        return refusal;
    }

    private void silence(HttpExchange exchange, int promised, int sent) throws IOException {
        exchange.sendResponseHeaders(200, promised);
        exchange.getResponseBody().write(HubClientTest.WEIGHTS, 0, sent);
        exchange.getResponseBody().flush();
        await();
        exchange.close();
    }

    /// Sends a byte every `millis` until the test ends.
    private void drip(HttpExchange exchange, int millis) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream body = exchange.getResponseBody()) {
            while (over.getCount() > 0) {
                body.write(' ');
                body.flush();
                Thread.sleep(millis);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void await() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aListingThatGoesSilentAfterItsHeadersIsAnError() {
        hub.plan(false, "GET", LISTING, exchange -> silence(exchange, 1000, 0));
        refusal(Kind.UNREACHABLE, "list of files of acme/tiny", "127.0.0.1 sent nothing for 1 s", "HF_ENDPOINT");
    }

    @Test
    void aListingThatComesByteByByteIsAnError() {
        hub.plan(false, "GET", LISTING, exchange -> drip(exchange, 50));
        refusal(Kind.UNREACHABLE, "127.0.0.1 sent only ", "bytes for 1 s");
    }

    @Test
    void aListingThatTakesTooLongIsAnError() {
        hub.plan(false, "GET", LISTING, exchange -> drip(exchange, 1));
        refusal(Kind.UNREACHABLE, "in 2 s and did not end its answer");
    }

    @Test
    void aListingWithoutEndIsCutOff() {
        hub.plan(false, "GET", LISTING, exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] spaces = " ".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
            try (OutputStream body = exchange.getResponseBody()) {
                while (over.getCount() > 0) {
                    body.write(spaces);
                }
            }
        });
        client = new HubClient(hub.settings(folder), clock, HubTimeouts.DEFAULT, ProxySelector.of(null));
        refusal(Kind.SERVER, "more than 33554432 bytes");
    }

    @Test
    void aListingNestedTooDeepIsRefused() {
        for (String start : new String[] {"", "{\"cardData\":"}) {
            hub.plan(false, "GET", LISTING, exchange -> FakeHub.send(exchange, start + "[".repeat(1_000_000)));
            refusal(Kind.SERVER, "not the hub's interface");
        }
    }

    @Test
    void aListingOfTooManyFilesIsRefused() {
        String sibling = ",{\"rfilename\":\"f";
        var json = new StringBuilder("{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"f\"}");
        for (int i = 0; i <= 100_000; i++) {
            json.append(sibling).append(i).append("\"}");
        }
        hub.plan(false, "GET", LISTING, exchange -> FakeHub.send(exchange, json + "]}"));
        refusal(Kind.REFUSED, "lists more than 100000 files");
    }

    @Test
    void aDownloadThatGoesSilentIsResumedAndThenAnError() throws IOException {
        for (int i = 0; i < 5; i++) {
            hub.plan(true, "GET", FILE, exchange -> silence(exchange, HubClientTest.WEIGHTS.length, 1000));
        }
        var refusal = refusal(Kind.UNREACHABLE, "stopped at 1.0 kB of 300.0 kB after 5 attempts",
            "localhost sent nothing for 1 s", "partial file is kept", "HTTPS_PROXY");
        assertFalse(refusal.getMessage().contains("\n"));
        assertEquals(4, clock.waits.size());
        client.pull(HubClientTest.name("acme/tiny"), Progress.NONE);
    }

    @Test
    void aDownloadThatComesByteByByteIsAnError() {
        for (int i = 0; i < 5; i++) {
            hub.plan(true, "GET", FILE, exchange -> drip(exchange, 50));
        }
        refusal(Kind.UNREACHABLE, "localhost sent only ", "after 5 attempts");
    }

    @Test
    void retriesAreLimitedAcrossRedirects() {
        for (int i = 0; i < 8; i++) {
            hub.planStatus(1, LISTING, 503);
            hub.planStatus(1, LISTING, 302, "Location", LISTING + "acme/tiny");
        }
        refusal(Kind.SERVER, "503");
        assertEquals(3, clock.waits.size());
    }

    @Test
    void aRangeErrorForAWholeFileIsAServerError() throws IOException {
        hub.plan(true, "GET", FILE, exchange -> {
            exchange.sendResponseHeaders(416, -1);
            exchange.close();
        });
        refusal(Kind.SERVER, "localhost answered 416", FILE, "although the whole file was requested");
        Path partial = folder.resolve("hub/models--acme--tiny/blobs").resolve(hub.etag(FILE) + ".incomplete");
        Files.write(partial, new byte[10]);
        hub.plan(true, "GET", FILE, exchange -> {
            exchange.sendResponseHeaders(416, -1);
            exchange.close();
        });
        client.pull(HubClientTest.name("acme/tiny"), Progress.NONE);
    }
}
