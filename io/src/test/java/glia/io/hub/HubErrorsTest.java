package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import glia.io.FileErrors;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Servers that refuse, redirect, delay, fail or send false data.
class HubErrorsTest {
    private static final String FILES = "/resolve/";
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private final FakeClock clock = new FakeClock();
    private final Steps steps = new Steps();
    private final HubName tiny = HubClientTest.name("acme/tiny");
    private HubSettings settings;

    @BeforeEach
    void fill() {
        hub.with("config.json", "{}").with("tokenizer.json", "{}").with("model.safetensors", HubClientTest.WEIGHTS);
        settings = hub.settings(folder);
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private ModelLocation pull() throws HubException {
        return pull(settings);
    }

    private ModelLocation pull(HubSettings as) throws HubException {
        return new HubClient(as, clock, HubHttp.HubTimeouts.DEFAULT, ProxySelector.of(null)).pull(tiny, steps);
    }

    private HubSettings withoutToken() {
        return new HubSettings(settings.endpoint(), Optional.empty(), settings.hubCache(), settings.gliaCache(), false,
            true);
    }

    private HubException refusal(Kind kind, HubSettings as) {
        var refusal = assertThrows(HubException.class, () -> pull(as));
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        assertFalse(refusal.getMessage().contains(FakeHub.TOKEN), "messages do not contain the token");
        assertFalse(refusal.getMessage().contains("\n"));
        return refusal;
    }

    private HubException refusal(Kind kind, String... words) {
        var refusal = refusal(kind, settings);
        for (String word : words) {
            assertTrue(refusal.getMessage().contains(word), refusal.getMessage());
        }
        return refusal;
    }

    /// All files of the hub's cache except locks.
    private List<String> cached() throws IOException {
        Path root = folder.resolve("hub");
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> !Files.isDirectory(path)).map(path -> root.relativize(path).toString())
                .filter(path -> !path.startsWith(".locks")).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "401, '',               true,  token is not accepted",
        "401, '',               false, HF_TOKEN",
        "401, RepoNotFound,     true,  may not read it",
        "401, GatedRepo,        false, request access",
        "403, GatedRepo,        true,  request access",
        "403, '',               true,  may not read it",
        "404, RepoNotFound,     true,  Check the spelling",
        "404, RevisionNotFound, true,  no branch",
        "404, EntryNotFound,    true,  no such file",
        "418, '',               true,  HF_ENDPOINT",
    })
    void errorsSayWhatToDo(int status, String code, boolean token, String word) throws IOException {
        for (String path : List.of("/api/models/", FILES)) {
            hub.planStatus(1, path, status, "X-Error-Code", code, "X-Error-Message", "because\u0007");
            Kind kind = status == 404 ? Kind.NOT_FOUND : status == 418 ? Kind.SERVER : Kind.DENIED;
            var refusal = refusal(kind, token ? settings : withoutToken());
            assertTrue(refusal.getMessage().contains(word), refusal.getMessage());
            assertTrue(refusal.getMessage().contains("acme/tiny"), refusal.getMessage());
            assertTrue(refusal.getMessage().contains("because"), refusal.getMessage());
            assertFalse(refusal.getMessage().contains("\u0007"), "control characters are escaped");
        }
        assertEquals(List.of(), cached());
        assertEquals(List.of(), clock.waits);
    }

    @ParameterizedTest
    @CsvSource({"7, 7", "0, 0", "'Wed, 25 Nov 2026 12:00:30 GMT', 30", "'Wed, 25 Nov 2026 11:00:00 GMT', 0", "soon, 1"})
    void respectsRetryAfter(String retryAfter, int seconds) throws IOException {
        hub.planStatus(1, "/api/models/", 429, "Retry-After", retryAfter);
        pull();
        assertEquals(List.of(Duration.ofSeconds(seconds)), clock.waits);
        assertTrue(steps.said("429"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3600", "999999999", "Thu, 26 Nov 2026 12:00:00 GMT"})
    void reportsLongWaits(String retryAfter) throws IOException {
        hub.planStatus(1, "/api/models/", 429, "Retry-After", retryAfter);
        refusal(Kind.RATE_LIMITED, retryAfter);
        assertEquals(List.of(), clock.waits);

        hub.planStatus(4, "/api/models/", 429, "Retry-After", "1");
        refusal(Kind.RATE_LIMITED);
        assertEquals(3, clock.waits.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void retriesServerErrors(int status) throws IOException {
        hub.planStatus(1, "/api/models/", status);
        hub.planStatus(2, FILES, status);
        pull();
        assertEquals(3, clock.waits.size());

        hub.planStatus(4, "/api/models/", status);
        refusal(Kind.SERVER, "" + status, "later");
        assertEquals(6, clock.waits.size());
    }

    @Test
    void retriesBrokenConnections() throws IOException {
        for (int i = 0; i < 6; i++) {  // the JDK's client itself asks five times more
            hub.plan(false, "GET", "/api/models/", HttpExchange::close);
        }
        pull();
        assertTrue(steps.said("closed the connection"));
    }

    @Test
    void reportsAnUnreachableHub() throws IOException {
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        for (String endpoint : List.of("http://127.0.0.1:" + port, "http://no-such-host.invalid")) {
            var refusal = refusal(Kind.UNREACHABLE, new HubSettings(URI.create(endpoint), Optional.empty(),
                settings.hubCache(), settings.gliaCache(), false, true));
            assertTrue(refusal.getMessage().contains("HF_ENDPOINT"), refusal.getMessage());
        }
        assertEquals(List.of(), clock.waits, "one try");
    }

    @ParameterizedTest
    @ValueSource(strings = {"200 OK\r\nContent-Length: abc", "302 Found\r\nLocation: http://127.0.0.1:99999/"})
    void refusesResponsesThatCannotBeReadWithoutRetrying(String response) throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read();
                    socket.getOutputStream().write(("HTTP/1.1 " + response + "\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                    // The client closed the connection.
                }
            });
            var refusal = refusal(Kind.SERVER, new HubSettings(
                URI.create("http://127.0.0.1:" + server.getLocalPort()), Optional.empty(), settings.hubCache(),
                settings.gliaCache(), false, true));
            assertTrue(refusal.getMessage().contains("invalid"), refusal.getMessage());
            assertFalse(refusal.getMessage().contains("Exception"), refusal.getMessage());
            assertEquals(List.of(), clock.waits);
        }
    }

    /// A host that drops packets, as firewalls do: here one whose connection queue is full.
    @Test
    @Tag("slow")
    void connectsOnlyOnce() throws IOException {
        List<Socket> queue = new ArrayList<>();
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 4; i++) {
                var socket = new Socket();
                queue.add(socket);
                try {
                    socket.connect(silent.getLocalSocketAddress(), 200);
                } catch (SocketTimeoutException e) {
                    break;
                }
            }
            var refusal = refusal(Kind.UNREACHABLE, new HubSettings(
                URI.create("http://127.0.0.1:" + silent.getLocalPort()), Optional.empty(), settings.hubCache(),
                settings.gliaCache(), false, true));
            assertTrue(refusal.getMessage().contains("no connection within 5 s"), refusal.getMessage());
            assertEquals(List.of(), clock.waits);
        } finally {
            for (Socket socket : queue) {
                socket.close();
            }
        }
    }

    @Test
    void refusesInvalidRedirects() throws IOException {
        for (String target : List.of("file:///etc/passwd", "ftp://localhost/x", "http://", "http://a b/", "mailto:x")) {
            hub.planStatus(1, "/api/models/", 302, "Location", target);
            var refusal = assertThrows(HubException.class, this::pull, target);
            assertTrue(List.of(Kind.REFUSED, Kind.SERVER).contains(refusal.kind()), target);
        }
        hub.planStatus(20, "/api/models/", 302, "Location", "/api/models/acme/tiny");
        refusal(Kind.SERVER, "redirects");
        assertEquals(List.of(), cached());
    }

    @Test
    void doesNotSendTheTokenToRedirectTargets() throws IOException {
        hub.planStatus(1, "/api/models/", 302, "Location",
            settings.endpoint().toString().replace("127.0.0.1", "localhost") + "/api/models/acme/tiny");
        pull();
        var listings = hub.requests("GET", "/api/models/");
        assertEquals("Bearer " + FakeHub.TOKEN, listings.get(0).authorization());
        assertEquals(null, listings.get(1).authorization());
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.safetensors", "/etc/x.safetensors", "a\\x.safetensors", "a\u0000.json", "", "a//b",
        "./config.json", "a/../../config.json", "..", "a/"})
    void refusesHostileNames(String name) throws IOException {
        hub.with(name, "x");
        refusal(Kind.REFUSED, "127.0.0.1", "Nothing was written");
        assertEquals(List.of(), cached());
    }

    @ParameterizedTest
    @CsvSource({"../../../evil, " + FakeHub.COMMIT, "'', " + FakeHub.COMMIT, "a/b, " + FakeHub.COMMIT,
        "0123456789, ../..", "0123456789, ''", "0123456789, 1111111111111111111111111111111111111111"})
    void refusesHostileHeaders(String etag, String commit) throws IOException {
        hub.plan(false, "HEAD", FILES, exchange -> {
            exchange.getResponseHeaders().set("ETag", "\"" + etag + "\"");
            exchange.getResponseHeaders().set("X-Repo-Commit", commit);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        refusal(Kind.SERVER, "ETag");
        assertEquals(List.of(), cached());
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "-5", "9223372036854775807", "1e3", "0x10"})
    void refusesHostileSizes(String size) throws IOException {
        hub.plan(false, "HEAD", FILES, exchange -> {
            exchange.getResponseHeaders().set("ETag", "\"0123456789\"");
            exchange.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
            exchange.getResponseHeaders().set("X-Linked-Size", size);
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        refusal(Kind.SERVER, size);
        assertEquals(List.of(), cached());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<html>log in</html>", "{}", "[]", "null", "{\"sha\":\"../..\",\"siblings\":[]}", "",
        "{\"sha\":\"" + FakeHub.COMMIT + "\"}", "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":{}}"})
    void refusesInvalidListings(String body) throws IOException {
        hub.plan(false, "GET", "/api/models/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            exchange.close();
        });
        refusal(Kind.SERVER, "not the hub's interface");
    }

    @Test
    void checksDiskSpaceFirst() throws IOException {
        hub.plan(false, "HEAD", FILES, exchange -> {
            exchange.getResponseHeaders().set("ETag", "\"0123456789\"");
            exchange.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
            exchange.getResponseHeaders().set("X-Linked-Size", "" + (1L << 49));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        refusal(Kind.DISK, "full", "free");
        assertEquals(List.of(), cached());
    }

    @Test
    void reportsAFullDisk() {
        for (String message : List.of("No space left on device", "There is not enough space on the disk",
                "Disk quota exceeded")) {
            var trouble = Disk.trouble(new IOException(message), folder.resolve("x"), 1_500_000);
            assertEquals(Kind.DISK, trouble.kind());
            assertTrue(trouble.getMessage().contains("1.5 MB needed"), trouble.getMessage());
        }
    }

    @Test
    void keepsABlobOfTheWrongSize() throws IOException {
        Path blob = folder.resolve("hub/models--acme--tiny/blobs").resolve(hub.etag("model.safetensors"));
        Files.createDirectories(blob.getParent());
        Files.writeString(blob, "half");
        refusal(Kind.CORRUPT, "delete it");
        assertArrayEquals("half".getBytes(java.nio.charset.StandardCharsets.UTF_8), Files.readAllBytes(blob));
    }

    @Test
    void controlCharactersOfServersAreEscaped() throws IOException {
        hub.with("chat_template\u202e.jinja", "x");
        hub.planStatus(1, "/api/models/", 404, "X-Error-Message", "no\u009b[2Jway");
        assertTrue(refusal(Kind.NOT_FOUND, settings).getMessage().contains("no\\u009b[2Jway"));
        pull();
        assertTrue(steps.finished.contains("chat_template\\u202e.jinja"), steps.finished.toString());
        hub.with("a\u001b[2J.safetensors", "x");
        assertTrue(refusal(Kind.REFUSED, settings).getMessage().contains("a\\u001b[2J.safetensors"));
    }

    @Test
    void aCacheWithoutPermissionIsReported() {
        Path file = folder.resolve("hub/blobs/x");
        for (IOException e : List.of(new AccessDeniedException(file.getParent().toString()),
                new FileSystemException(file.getParent().toString(), null, "Read-only file system"))) {
            var trouble = Disk.trouble(e, file, 0);
            assertEquals(Kind.DISK, trouble.kind());
            assertTrue(trouble.getMessage().startsWith(file.getParent() + ": " + FileErrors.reason(e)),
                trouble.getMessage());
            assertTrue(trouble.getMessage().contains("HF_HOME"), trouble.getMessage());
        }
    }

    @Test
    void aFileInPlaceOfTheCacheIsReported() throws IOException {
        Files.writeString(folder.resolve("hub"), "not a folder");
        refusal(Kind.DISK, folder.resolve("hub").toString(), "HF_HOME");
    }
}
