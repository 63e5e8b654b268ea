package glia.serve;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.serve.security.Access;
import glia.serve.security.KeyFile;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Who may use a server: API keys, names of hosts, web pages of other origins.
class AccessTest {
    private static final String CHAT = "{\"messages\":[{\"role\":\"user\",\"content\":\"Solve x^2 = 4.\"}],"
            + "\"max_tokens\":1}";
    private static final List<String> LOG = new CopyOnWriteArrayList<>();

    @TempDir
    private static Path folder;
    @AutoClose
    private static TestServer server;
    private static String key;

    @BeforeAll
    static void start() throws Exception {
        key = KeyFile.add(folder.resolve("keys"), "alice");
        Access access = Access.LOCAL.withKeys(KeyFile.open(folder.resolve("keys"), LOG::add))
                .withOrigins(List.of("https://chat.example.org"));
        server = TestServer.start(ServerOptions.defaults().withAccess(access).withLog(LOG::add).withLogs(true, true));
    }

    private static HttpRequest.Builder chat() {
        return HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(CHAT));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"Authorization | 'Bearer '", "authorization | 'bearer '", "x-api-key | ''",
        "X-API-Key | ''"})
    void aKeyIsTakenFromEitherHeader(String header, String prefix) throws Exception {
        var reply = server.send(chat().header(header, prefix + key).build());
        assertEquals(200, reply.status(), reply::text);
    }

    @Test
    void withoutAValidKeyThereIsNoAnswerAndNothingOfTheKeyIsShown() throws Exception {
        String wrong = key.substring(0, 30) + "0000000000000000";
        List<HttpRequest> requests = List.of(chat().build(), chat().header("Authorization", "Bearer " + wrong).build(),
                chat().header("Authorization", "Basic " + key).build(), chat().header("x-api-key", "").build(),
                HttpRequest.newBuilder(server.uri("/v1/models")).build(),
                HttpRequest.newBuilder(server.uri("/v1/models?api_key=" + key)).build(),
                HttpRequest.newBuilder(server.uri("/ready")).build(),
                HttpRequest.newBuilder(server.uri("/metrics")).build());
        for (HttpRequest request : requests) {
            var reply = server.send(request);
            assertEquals(401, reply.status(), request + reply.text());
            assertEquals("invalid_api_key", at(reply.json(), "error", "code"));
            assertEquals("Bearer", reply.response().headers().firstValue("WWW-Authenticate").orElse(""));
            assertFalse(reply.text().contains(key.substring(5, 15)), reply.text());
        }
        server.send(chat().header("x-api-key", key).build());
        // The line of a request is written after its answer.
        String line = "(?s).*req_\\w+ alice POST /v1/chat/completions 200 .*";
        for (int i = 0; i < 1000 && !LOG.toString().matches(line); i++) {
            Thread.sleep(10);
        }
        assertTrue(LOG.toString().matches(line), LOG.toString());
        assertFalse(LOG.toString().contains(key.substring(5, 15)), LOG.toString());
    }

    @Test
    void errorsOfKeysHaveTheFormOfTheApi() throws Exception {
        var reply = server.send(HttpRequest.newBuilder(server.uri("/v1/messages"))
                .POST(HttpRequest.BodyPublishers.ofString("{}")).build());
        assertEquals("authentication_error", at(reply.json(), "error", "type"));
        assertEquals(401, reply.status());
    }

    @Test
    void healthNeedsNoKey() throws Exception {
        assertEquals(200, server.get("/health").status());
        var reply = server.send(HttpRequest.newBuilder(server.uri("/metrics")).header("x-api-key", key).build());
        assertEquals(200, reply.status());
    }

    @Test
    void onlyAllowedOriginsMayReadAnswers() throws Exception {
        var allowed = server.send(chat().header("x-api-key", key).header("Origin", "https://chat.example.org").build());
        assertEquals("https://chat.example.org",
                allowed.response().headers().firstValue("Access-Control-Allow-Origin").orElse(""));
        assertTrue(allowed.response().headers().firstValue("Access-Control-Allow-Credentials").isEmpty());
        var preflight = server.send(HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()).header("Origin", "https://chat.example.org")
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "authorization,content-type,x-stainless-lang").build());
        assertEquals(204, preflight.status());
        assertEquals("authorization,content-type,x-stainless-lang",
                preflight.response().headers().firstValue("Access-Control-Allow-Headers").orElse(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://evil.example", "null", "https://chat.example.org.evil.example",
        "http://chat.example.org", "http://localhost.evil.example", "evil", "http://localhost:80@evil.example",
        "http://localhost@evil.example", "http://localhost, https://evil.example", "http://localhost:80:90"})
    void pagesOfOtherOriginsAreRefused(String origin) throws Exception {
        var reply = server.send(chat().header("x-api-key", key).header("Origin", origin).build());
        assertEquals(403, reply.status());
        assertTrue(reply.response().headers().firstValue("Access-Control-Allow-Origin").isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"localhost,200", "localhost:80,200", "LOCALHOST.,200", "127.0.0.1:99,200", "127.9.9.9,200",
        "[::1]:8080,200", "chat.localhost,200", "evil.example,403", "127.0.0.1.evil.example,403",
        "localhost.evil.example:80,403", "0.0.0.0,403", "192.168.0.7,403", "127.0.0.1@evil.example,400"})
    void theHostIsThisMachine(String host, int status) throws Exception {
        try (RawClient client = new RawClient(server.server().port())) {
            String reply = client.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                    .readAll();
            assertTrue(reply.startsWith("HTTP/1.1 " + status), reply);
        }
    }

    /// A host in the target replaces that of the header (RFC 9112, section 3.2.2); several origins are none.
    @ParameterizedTest
    @CsvSource({"http://localhost/health,X-A: b,200", "http://127.0.0.1:99/health,X-A: b,200",
        "http://evil.example/health,X-A: b,403", "http://localhost@evil.example/health,X-A: b,403",
        "/health,Origin: http://localhost,200", "/health,Origin: http://[::1]:80,200",
        "/health,Origin: http://localhost\\r\\nOrigin: https://evil.example,403"})
    void targetsAndOriginsAreOfThisMachine(String target, String header, int status) throws Exception {
        try (RawClient client = new RawClient(server.server().port())) {
            String reply = client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n"
                    + header.translateEscapes() + "\r\nConnection: close\r\n\r\n").readAll();
            assertTrue(reply.startsWith("HTTP/1.1 " + status), reply);
        }
    }

    @Test
    void aPortThatIsTakenIsAnError() throws Exception {
        int port = server.server().port();
        LanguageModel model = LanguageModel.load(TestServer.MODEL);
        ModelPool models = new ModelPool();
        models.add(new ServedModel(TestServer.MODEL, model, Instant.now()));
        var e = assertThrows(IOException.class,
                () -> Server.start(models, ServerOptions.defaults().withPort(port)).close());
        assertTrue(e.getMessage().startsWith("cannot listen on 127.0.0.1, port " + port + ": Address already in use"),
                e.getMessage());
        // The models are closed, and the first server goes on.
        assertThrows(IllegalStateException.class, model::generator);
        assertEquals(200, server.get("/health").status());
    }

    @Test
    void aNetworkWithoutKeysIsNotListenedTo() {
        for (String host : List.of("0.0.0.0", "::", "192.0.2.1")) {
            String message = assertThrows(IllegalArgumentException.class, () ->
                    Server.start(new ModelPool(), ServerOptions.defaults().withHost(host))).getMessage();
            assertTrue(message.contains("glia keys add"), message);
        }
        assertThrows(IllegalArgumentException.class, () -> Access.LOCAL.withOrigins(List.of("*")));
    }

    @Test
    void aClientsRequestIdIsTakenIfItIsSane() throws Exception {
        var reply = server.send(chat().header("x-api-key", key).header("x-request-id", "my-id.7").build());
        assertEquals("my-id.7", reply.response().headers().firstValue("x-request-id").orElse(""));
        assertFalse(reply.text().contains("my-id.7"), "ids of answers are the server's own");
        var other = server.send(chat().header("x-api-key", key).header("x-request-id", "a b{}\"").build());
        assertTrue(other.response().headers().firstValue("x-request-id").orElse("").startsWith("req_"));
    }
}
