package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// HTTP/1.0 (RFC 9112, section 2.3 and 9.3): no chunks, and the connection ends with the answer.
class Http10Test {
    private static final String CHAT = "{\"messages\":[{\"role\":\"user\","
            + "\"content\":\"Use 3, 7 and 11 to make 32.\"}],\"max_tokens\":12,\"seed\":1,\"temperature\":0";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String reply(String request) throws Exception {
        try (RawClient client = new RawClient(server.server().port())) {
            return client.send(request).readAll();
        }
    }

    private static String post(String path, String body) {
        return RawClient.post(path, body).replace("HTTP/1.1", "HTTP/1.0");
    }

    private static String head(String reply) {
        return reply.substring(0, reply.indexOf("\r\n\r\n") + 2).toLowerCase(Locale.ROOT);
    }

    private static String body(String reply) {
        return reply.substring(reply.indexOf("\r\n\r\n") + 4);
    }

    private static String withoutIds(String body) {
        return body.replaceAll("(chatcmpl|msg|resp|rs|req)[-_]\\w+|\"created(_at)?\":\\d+|"
                + "\"(\\w+_duration|created_at)\":(\\d+|\"[^\"]*\")|\"completed_at\":\\d+|"
                + "\"timings\":\\{[^}]*}", "");
    }

    /// As `ab` with and without `-k`, nginx, HAProxy's and old load balancers' checks send it.
    @ParameterizedTest
    @ValueSource(strings = {"", "Host: localhost:8080\r\n", "host: 127.0.0.1\r\nConnection: Keep-Alive\r\n",
        "Host: localhost\r\nConnection: close\r\nX-A: HTTP/1.0\r\n", "Connection: keep-alive, foo\r\n"})
    void checksAreAnswered(String headers) throws Exception {
        String reply = reply("GET /health HTTP/1.0\r\n" + headers + "\r\n");
        assertTrue(reply.startsWith("HTTP/1.1 200 OK\r\n"), reply);
        assertTrue(head(reply).contains("\r\nconnection: close\r\n"), reply);
        assertFalse(head(reply).contains("keep-alive"), reply);
        assertTrue(head(reply).contains("\r\ncontent-length: " + body(reply).length() + "\r\n"), reply);
        assertEquals(server.get("/health").text(), body(reply));
    }

    @Test
    void theHeadMayComeByteByByte() throws Exception {
        try (RawClient client = new RawClient(server.server().port())) {
            String request = post("/tokenize", "{\"content\":\"a b\"}");
            for (int i = 0; i < request.length(); i++) {
                client.send(request.substring(i, i + 1));
            }
            String reply = client.readAll();
            assertEquals(server.post("/tokenize", "{\"content\":\"a b\"}").text(), body(reply));
        }
    }

    /// HEAD has the head of GET alone; further requests on the connection are not read.
    @Test
    void oneRequestIsAnsweredOnAConnection() throws Exception {
        String head = reply("HEAD /health HTTP/1.0\r\n\r\n");
        assertTrue(head.startsWith("HTTP/1.1 200 OK\r\n") && body(head).isEmpty(), head);
        String two = reply("GET /health HTTP/1.0\r\n\r\nGET /health HTTP/1.0\r\n\r\n");
        assertEquals(2, two.split("HTTP/1.1 ", -1).length, two);
    }

    /// The same events as over HTTP/1.1, as they are, to the end of the connection.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"/v1/chat/completions|\"stream\":true", "/api/chat|\"model\":\"reasoner\"",
        "/v1/messages|\"model\":\"reasoner\",\"stream\":true"})
    void streamsHaveNoChunks(String path, String fields) throws Exception {
        String body = path.startsWith("/api") ? CHAT.replaceAll(",\"max_tokens.*", ",\"options\":{\"num_predict\":12,"
                + "\"temperature\":0}") : path.contains("messages") ? CHAT.replace(",\"seed\":1", "") : CHAT;
        String request = body + "," + fields + "}";
        String reply = reply(post(path, request));
        assertTrue(reply.startsWith("HTTP/1.1 200 OK\r\n"), reply);
        assertFalse(head(reply).contains("transfer-encoding") || head(reply).contains("content-length"), reply);
        assertTrue(head(reply).contains("\r\nconnection: close\r\n"), reply);
        assertEquals(withoutIds(server.post(path, request).text()), withoutIds(body(reply)));
    }

    @Test
    void errorsHaveTheirStatus() throws Exception {
        String refused = reply(post("/v1/chat/completions", "{\"no\":1}"));
        assertTrue(refused.startsWith("HTTP/1.1 400 ") && body(refused).contains("\"error\""), refused);
        String elsewhere = reply("GET /v1/models HTTP/1.0\r\nHost: evil.example\r\n\r\n");
        assertTrue(elsewhere.startsWith("HTTP/1.1 403 "), elsewhere);
        String twoHosts = reply("GET /v1/models HTTP/1.0\r\nHost: localhost\r\nHost: a\r\n\r\n");
        assertTrue(twoHosts.startsWith("HTTP/1.1 400 "), twoHosts);
        String large = reply("GET /health HTTP/1.0\r\nX-A: " + "a".repeat(20_000) + "\r\n\r\n");
        assertTrue(large.startsWith("HTTP/1.1 431 "), large);
    }

    /// A client of HTTP/1.0 would take `100 Continue` for the answer (RFC 9110, section 10.1.1).
    @Test
    void expectationsAreIgnored() throws Exception {
        String request = post("/tokenize", "{\"content\":\"a\"}").replace("Host:", "EXPECT: 100-continue\r\nHost:");
        assertTrue(reply(request).startsWith("HTTP/1.1 200 OK\r\n"), reply(request));
        assertTrue(reply(request.replace("HTTP/1.0", "HTTP/1.1\r\nConnection: close")).startsWith("HTTP/1.1 100 "));
    }

    /// HTTP/2 without TLS: with prior knowledge it is refused by name, an upgrade is left out (RFC 9110, section 7.8).
    @Test
    void http2IsNotSpoken() throws Exception {
        String reply = reply("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
        assertTrue(reply.startsWith("HTTP/1.1 505 ") && body(reply).contains("HTTP/2"), reply);
        String upgrade = reply("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, "
                + "close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        assertTrue(upgrade.startsWith("HTTP/1.1 200 OK\r\n"), upgrade);
    }
}
