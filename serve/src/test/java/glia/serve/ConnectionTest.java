package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.request.HttpLimits;
import glia.serve.request.Timeouts;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that are slow, send garbage, or too much. Most tests wait for the end of a connection, so they run together.
class ConnectionTest {
    private static final String CHAT = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1}";

    /// 8,000 tokens with their alternatives, more than sockets hold: it does not end before the client reads it.
    private static final String STREAM = "{\"prompt\":\"x\",\"n\":16,\"stream\":true,\"ignore_eos\":true,"
            + "\"logprobs\":20,\"max_tokens\":500}";
    private static final String CHUNKED = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n";
    private static final String HEALTH = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static TestServer server;
    /// One with short time limits.
    private static TestServer hasty;

    @BeforeAll
    static void start() throws Exception {
        server = start(Duration.ofSeconds(20));
        hasty = start(Duration.ofSeconds(1));
    }

    /// @param time the longest time of each part of a request
    private static TestServer start(Duration time) throws IOException {
        return start(time, HttpLimits.defaults().connections());
    }

    private static TestServer start(Duration time, int connections) throws IOException {
        return start(time, HttpLimits.defaults().withConnections(connections));
    }

    private static TestServer start(Duration time, HttpLimits limits) throws IOException {
        return TestServer.start(ServerOptions.defaults().withLimits(limits.withBodyBytes(1 << 20)
                .withTimeouts(new Timeouts(time, time, time, Duration.ofMinutes(1), time))));
    }

    @AfterAll
    static void stop() {
        server.close();
        hasty.close();
    }

    /// Requests of others are answered.
    private static void assertAnswers(TestServer server) throws Exception {
        for (int attempt = 1;; attempt++) {
            try {
                assertEquals(200, server.post("/v1/chat/completions", CHAT).status());
                return;
            } catch (IOException e) {
                // On a busy machine this client, too, may be slower than is allowed.
                if (attempt == 5) {
                    throw e;
                }
            }
        }
    }

    private static RawClient client(TestServer server) throws Exception {
        return new RawClient(server.server().port());
    }

    /// All connections are of clients that never end their headers or bodies. They are ended, so others get theirs.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(strings = {"", "G", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        "POST /no/such/route HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"})
    void slowHeadersAndBodiesEnd(String beginning) throws Exception {
        try (TestServer own = start(Duration.ofSeconds(1), 8)) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                clients.add(client(own).send(beginning));
            }
            assertAnswers(own);
            for (RawClient one : clients) {
                one.readAll();
                one.close();
            }
        }
    }

    /// A new connection takes the place of one that waits for its client, and does not wait for its end.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void idleConnectionsGiveTheirPlaceToNewOnes(boolean ofAddress) throws Exception {
        HttpLimits limits = ofAddress ? HttpLimits.defaults().withConnectionsPerAddress(3)
                : HttpLimits.defaults().withConnections(3);
        try (TestServer own = start(Duration.ofMinutes(1), limits); RawClient body = client(own);
                RawClient idle = client(own); RawClient active = client(own).receiveSlowly()) {
            body.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                    + "Content-Length: 99\r\n\r\n").readTo("100 Continue");
            for (RawClient one : List.of(idle, active)) {
                assertTrue(one.send(HEALTH).readTo("ok\"}").contains("200 OK"));
            }
            active.send(RawClient.post("/v1/completions", STREAM)).readTo("data: ");
            try (RawClient first = client(own).receiveSlowly()) {
                assertTrue(first.send(HEALTH).readTo("ok\"}").contains("200 OK"));
                assertEquals("", idle.readAll(), "the idle connection ends first");
                first.send(RawClient.post("/v1/completions", STREAM)).readTo("data: ");
                try (RawClient second = client(own).receiveSlowly()) {
                    assertTrue(second.send(HEALTH).readTo("ok\"}").contains("200 OK"));
                    assertEquals("", body.readAll().strip(), "then one whose body does not end");
                    second.send(RawClient.post("/v1/completions", STREAM)).readTo("data: ");
                    try (RawClient third = client(own)) {
                        assertTrue(third.readAll().contains("503 Service Unavailable"), "all are being answered");
                    }
                    assertTrue(active.readTo("data: ").endsWith("data: "));
                }
            }
        }
    }

    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void aByteFromTimeToTimeDoesNotProlongHeaders() throws Exception {
        try (RawClient client = client(hasty)) {
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ");
                    while (true) {
                        client.send("b");
                        Thread.sleep(100);
                    }
                } catch (Exception e) {
                    // The connection has ended.
                }
            });
            client.readAll();
            sender.join();
        }
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(strings = {"\r\n\r\n", "GET\r\n\r\n", "\0\0\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", "POST /v1/chat/completions HTTP/1.1\r\n"
        + "Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
        + "Content-Length: 2\r\n\r\n{}", "CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "P\u00d6ST /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u00e9\u0001 / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u00e9 HTTP/1.1\r\nHost: localhost\r\n\u00e9: b\r\n\r\n",
        "GET /%zz?% HTTP/1.1\r\nHost: localhost\r\n\r\n",
        CHUNKED + "2\r{}\r\n0\r\n\r\n", CHUNKED + "2\n{}\r\n0\r\n\r\n", CHUNKED + "2\r\n{}\r0\r\n\r\n",
        CHUNKED + "2;a=\r\r\n{}\r\n0\r\n\r\n", CHUNKED + "-2\r\n{}\r\n0\r\n\r\n", CHUNKED + "\u00b2\r\n{}\r\n0\r\n\r\n",
        "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n"})
    void badHttpIsRefusedAndEndsTheConnection(String request) throws Exception {
        try (RawClient client = client(hasty)) {
            String reply = client.send(request).readAll();
            assertTrue(reply.isEmpty() || reply.matches("(?s)HTTP/1.1 4\\d\\d .*\\{.*\"error\".*"), reply);
        }
        assertAnswers(hasty);
    }

    /// Chunks that proxies may read in another way: what follows them is no request of its own.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(strings = {"e\r\n{\"content\":\"\"}XX", "e\r\n{\"content\":\"\"}\n\n",
        "e\r\n{\"content\":\"\"}\n",
        "+e\r\n{\"content\":\"\"}\r\n", "0xe\r\n{\"content\":\"\"}\r\n", "e\n{\"content\":\"\"}\r\n",
        " e\r\n{\"content\":\"\"}\r\n", "e\r\n{\"content\":\"\"}\r\n0\r\nHost: evil.example\r\n"})
    void chunksHideNoRequest(String chunk) throws Exception {
        try (RawClient client = client(server)) {
            String reply = client.send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n" + chunk
                    + "0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").readAll();
            assertTrue(reply.startsWith("HTTP/1.1 400"), reply);
            assertFalse(reply.contains("HTTP/1.1 200"), reply);
        }
    }

    /// Line breaks and lengths may be divided among packets.
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void chunksMayComeInAnyPieces() throws Exception {
        try (RawClient client = client(server)) {
            String request = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                    + "Connection: close\r\n\r\n1\r\n{\r\n2\r\n\"c\r\n00b\r\nontent\":\"\"}\r\n0\r\n\r\n";
            for (char c : request.toCharArray()) {
                client.send(String.valueOf(c));
            }
            String reply = client.readAll();
            assertTrue(reply.startsWith("HTTP/1.1 200"), reply);
        }
    }

    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void hugeHeadersAndPathsAreRefused() throws Exception {
        for (String request : List.of("GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: " + "a".repeat(1 << 20)
                + "\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost: localhost\r\n" + "X-A: b\r\n".repeat(1 << 16) + "\r\n",
                "GET /" + "a".repeat(1 << 20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(1 << 20))) {
            try (RawClient client = client(server)) {
                // The server may end the connection while this client still sends.
                String reply;
                try {
                    reply = client.send(request).readAll();
                } catch (IOException e) {
                    reply = "";
                }
                assertTrue(reply.isEmpty() || reply.startsWith("HTTP/1.1 4"), reply);
            }
        }
        assertAnswers(server);
    }

    /// The limit of headers is 16 KiB; those just below are read.
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void largeHeadersAre431() throws Exception {
        String begin = "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ";
        try (RawClient client = client(server)) {
            String ok = client.send(begin + "a".repeat(15_000) + "\r\n\r\n").readTo("}");
            assertTrue(ok.startsWith("HTTP/1.1 200"), ok);
            String reply = client.send(begin + "a".repeat(20_000) + "\r\n\r\n").readAll();
            assertTrue(reply.startsWith("HTTP/1.1 431") && reply.contains("--max-headers"), reply);
        }
        try (RawClient client = client(server)) {
            String reply = client.send(begin + "b\r\n" + "X-B: c\r\n".repeat(4000) + "\r\n").readAll();
            assertTrue(reply.startsWith("HTTP/1.1 431"), reply);
        }
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @CsvSource({"GET, /v1/chat/completions, POST", "PUT, /v1/responses/x, 'DELETE, GET, HEAD'",
            "POST, /v1/models, 'GET, HEAD'", "DELETE, /api/chat, POST", "POST, /health, 'GET, HEAD'"})
    void otherMethodsOfRoutesAre405(String method, String path, String allowed) throws Exception {
        var reply = server.send(HttpRequest.newBuilder(server.uri(path))
                .method(method, HttpRequest.BodyPublishers.ofString("{}")).build());
        assertEquals(405, reply.status(), reply::text);
        assertEquals(allowed, reply.response().headers().firstValue("Allow").orElseThrow());
        assertTrue(reply.text().contains("expected " + allowed), reply.text());
    }

    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void largeBodiesAre413() throws Exception {
        var reply = server.post("/v1/chat/completions", "{\"messages\":\"" + "x".repeat(3 << 20) + "\"}");
        assertEquals(413, reply.status());
        assertTrue(reply.text().contains("--max-body"), reply.text());
        try (RawClient client = client(server)) {
            String head = client.send(RawClient.post("/v1/chat/completions", "", 1L << 40)).readTo("\r\n");
            assertTrue(head.startsWith("HTTP/1.1 413"), head);
        }
    }

    /// A chunked body has no length; its chunks and their headers are counted.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(strings = {"chunks", "one", "header"})
    void largeChunkedBodiesAre413(String kind) throws Exception {
        String body = switch (kind) {
            case "chunks" -> ("10000\r\n" + "x".repeat(1 << 16) + "\r\n").repeat(80);
            case "one" -> "7fffffff\r\n" + "x".repeat(6 << 20);
            default -> "0".repeat(6 << 20);
        };
        try (RawClient client = client(server)) {
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n" + body);
                } catch (IOException e) {
                    // The connection has ended.
                }
            });
            String reply = client.readAll();
            sender.join();
            assertTrue(reply.startsWith("HTTP/1.1 413"), reply);
        }
        assertAnswers(server);
    }

    /// A stream ends with its last chunk, also where the connection ends with it.
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(strings = {"", "Connection: close\r\n"})
    void streamsEndWithTheirLastChunk(String header) throws Exception {
        for (String request : List.of("/v1/chat/completions {\"max_tokens\":3,\"messages\":MESSAGES,\"stream\":true}",
                "/v1/completions {\"max_tokens\":3,\"prompt\":\"x\",\"stream\":true}",
                "/v1/responses {\"max_output_tokens\":3,\"input\":\"x\",\"stream\":true}",
                "/v1/messages {\"model\":\"reasoner\",\"max_tokens\":3,\"messages\":MESSAGES,\"stream\":true}",
                "/api/chat {\"model\":\"reasoner\",\"options\":{\"num_predict\":3},\"messages\":MESSAGES}")) {
            int space = request.indexOf(' ');
            String body = request.substring(space + 1).replace("MESSAGES", "[{\"role\":\"user\",\"content\":\"x\"}]");
            try (RawClient client = new RawClient(server.server().port())) {
                client.send(RawClient.post(request.substring(0, space), body).replace("Host:", header + "Host:"));
                String reply = header.isEmpty() ? client.readTo("\r\n0\r\n\r\n") : client.readAll();
                assertTrue(reply.startsWith("HTTP/1.1 200 ") && reply.endsWith("\r\n0\r\n\r\n"), reply);
                if (header.isEmpty()) {
                    // Nothing follows but the answer to the next request.
                    client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                    assertTrue(client.readAll().startsWith("HTTP/1.1 200 OK\r\n"), request);
                }
            }
        }
    }

    /// What follows a request is the next request, after its answer; garbage there ends the connection.
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void requestsInAPipelineAreAnsweredInTurn() throws Exception {
        try (RawClient client = client(server)) {
            String request = RawClient.post("/v1/chat/completions", CHAT);
            String reply = client.send(request + request + "garbage\r\n\r\n").readAll();
            assertEquals(3, reply.split("HTTP/1.1 200 ", -1).length, reply);
        }
    }

    /// The rest of a body that was refused is not taken for a request.
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void aBodyThatWasRefusedIsNoRequest() throws Exception {
        String inner = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
        try (RawClient client = client(server)) {
            String reply = client.send("POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + inner.length()
                    + "\r\n\r\n" + inner).readAll();
            assertEquals(2, reply.split("HTTP/1.1 ", -1).length, reply);
            assertTrue(reply.startsWith("HTTP/1.1 404"), reply);
        }
    }

    /// A client that reads nothing is disconnected; its thread and its answer end.
    @Execution(ExecutionMode.CONCURRENT)
    @Test
    void slowReadersEnd() throws Exception {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,\"n\":16,"
                + "\"logprobs\":true,\"top_logprobs\":20,\"ignore_eos\":true}";
        try (TestServer own = start(Duration.ofSeconds(1), 8)) {
            try (RawClient client = client(own).receiveSlowly()) {
                client.send(RawClient.post("/v1/chat/completions", body));
                assertAnswers(own);
                // 499: the request ended before its answer was sent.
                while (!own.get("/metrics").text().matches("(?s).*http_requests[^\n]*status=\"499\".*")) {
                    Thread.sleep(50);
                }
                while (own.scheduler().load().numRunning() > 0) {
                    Thread.sleep(20);
                }
            }
            assertAnswers(own);
        }
    }
}
