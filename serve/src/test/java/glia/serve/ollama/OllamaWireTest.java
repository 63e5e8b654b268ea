package glia.serve.ollama;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import glia.serve.TestServer;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ollama's API on the wire.
class OllamaWireTest {
    private static final String CHAT = "{\"model\":\"reasoner:latest\",\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"2+2\"}]%s}";
    private static final String GENERATE = "{\"model\":\"reasoner\",\"prompt\":\"2+2\"%s}";

    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static List<Object> lines(String path, String body) throws Exception {
        var reply = server.post(path, body);
        assertEquals(200, reply.status(), reply::text);
        assertEquals("application/x-ndjson", reply.response().headers().firstValue("content-type").orElse(""));
        return reply.text().lines().map(JsonValues::parse).toList();
    }

    @Test
    void streamsLinesUnlessToldNotTo() throws Exception {
        List<Object> lines = lines("/api/chat", CHAT.formatted(""));
        StringBuilder text = new StringBuilder();
        StringBuilder thinking = new StringBuilder();
        for (Object line : lines) {
            assertEquals("reasoner:latest", at(line, "model"));
            assertEquals(line == lines.getLast(), at(line, "done"));
            assertEquals("assistant", at(line, "message", "role"));
            text.append(at(line, "message", "content"));
            Object thought = at(line, "message", "thinking");
            thinking.append(thought == null ? "" : thought);
        }
        Map<String, Object> whole = server.post("/api/chat", CHAT.formatted(",\"stream\":false")).json();
        assertEquals(at(whole, "message", "content"), text.toString());
        assertEquals(at(whole, "message", "thinking"), thinking.toString());
        assertEquals("stop", at(lines.getLast(), "done_reason"));
        assertEquals(whole.get("eval_count"), at(lines.getLast(), "eval_count"));
    }

    @Test
    void durationsAreNanosecondsOfTheWholeRequest() throws Exception {
        long start = System.nanoTime();
        Map<String, Object> whole = server.post("/api/generate", GENERATE.formatted(",\"stream\":false")).json();
        long nanos = System.nanoTime() - start;
        long total = ((Number) whole.get("total_duration")).longValue();
        long parts = 0;
        for (String part : List.of("load_duration", "prompt_eval_duration", "eval_duration")) {
            long duration = ((Number) whole.get(part)).longValue();
            assertTrue(duration >= 0, part);
            parts += duration;
        }
        assertTrue(total <= nanos && parts <= total && parts > total / 2, parts + " of " + total + " of " + nanos);
        assertTrue((int) whole.get("eval_count") > 1);
    }

    @Test
    void aContextContinuesTheConversation() throws Exception {
        String options = ",\"stream\":false,\"think\":false,\"options\":{\"num_predict\":60}";
        Map<String, Object> first = server.post("/api/generate", GENERATE.formatted(options)).json();
        Map<String, Object> second = server.post("/api/generate", ("{\"model\":\"reasoner\",\"prompt\":\"3+3\","
                + "\"context\":%s%s}").formatted(first.get("context"), options)).json();
        Map<String, Object> chat = server.post("/api/chat", ("{\"model\":\"reasoner\",\"messages\":["
                + "{\"role\":\"user\",\"content\":\"2+2\"},{\"role\":\"assistant\",\"content\":\"%s\"},"
                + "{\"role\":\"user\",\"content\":\"3+3\"}]%s}").formatted(first.get("response"), options)).json();
        assertEquals(at(chat, "prompt_eval_count"), second.get("prompt_eval_count"));
        assertEquals(at(chat, "message", "content"), second.get("response"));
    }

    @Test
    void aRawPromptIsNotRendered() throws Exception {
        Map<String, Object> raw = server.post("/api/generate", ("{\"model\":\"reasoner\",\"prompt\":"
                + "\"<|user|>2+2<|assistant|></think>\",\"raw\":true,\"stream\":false}")).json();
        Map<String, Object> rendered = server.post("/api/generate",
                GENERATE.formatted(",\"stream\":false,\"think\":false")).json();
        assertEquals(rendered.get("response"), raw.get("response"));
        assertNull(raw.get("context"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/generate", "/api/chat"})
    void aRequestWithoutAPromptLoadsTheModel(String path) throws Exception {
        var reply = server.post(path, "{\"model\":\"reasoner\",\"stream\":false}");
        assertEquals("load", reply.json().get("done_reason"));
        assertEquals(true, reply.json().get("done"));
        List<Object> lines = lines(path, "{\"model\":\"reasoner\"}");
        assertEquals(1, lines.size());
    }

    @Test
    void embeddingsKeepTheirOrderAndShorten() throws Exception {
        String body = "{\"model\":\"reasoner\",\"input\":[\"2+2\",\"x^2\",\"2+2\"]%s}";
        Map<String, Object> all = server.post("/api/embed", body.formatted("")).json();
        assertEquals(at(all, "embeddings", 0), at(all, "embeddings", 2));
        assertFalse(at(all, "embeddings", 0).equals(at(all, "embeddings", 1)));
        assertTrue((int) all.get("prompt_eval_count") >= 9, all::toString);
        Map<String, Object> older = server.post("/api/embeddings",
                "{\"model\":\"reasoner\",\"prompt\":\"x^2\"}").json();
        assertEquals(at(all, "embeddings", 1), older.get("embedding"));
        Map<String, Object> small = server.post("/api/embed", body.formatted(",\"dimensions\":2")).json();
        double x = ((Number) at(small, "embeddings", 0, 0)).doubleValue();
        double y = ((Number) at(small, "embeddings", 0, 1)).doubleValue();
        assertEquals(1, x * x + y * y, 1e-5);
        assertEquals(((Number) at(all, "embeddings", 0, 0)).doubleValue() * y,
                ((Number) at(all, "embeddings", 0, 1)).doubleValue() * x, 1e-6);
    }

    @Test
    void longTextsAreTruncatedOrRefused() throws Exception {
        String body = "{\"model\":\"reasoner\",\"input\":\"" + "x".repeat(1000) + "\"%s}";
        assertEquals(512, server.post("/api/embed", body.formatted("")).json().get("prompt_eval_count"));
        var refused = server.post("/api/embed", body.formatted(",\"truncate\":false"));
        assertEquals(400, refused.status());
        assertTrue(refused.text().contains("text 0 has more than the 512 tokens"), refused::text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        ",\"images\":[\"AAAA\"]| images: this model reads no images",
        ",\"suffix\":\"x\"| suffix: found \"x\", expected none",
        ",\"template\":\"{{ .Prompt }}\"| template: found",
        ",\"context\":[1,-2]| context: expected numbers of tokens below",
        ",\"raw\":true,\"system\":\"x\"| raw: found true with system or context",
        ",\"steps\":3| steps: this field is not supported",
        ",\"think\":\"much\"| think: found \"much\", expected true, false, low, medium or high",
        ",\"keep_alive\":\"soon\"| keep_alive: found soon",
        ",\"truncate\":true| truncate: found true, expected false",
        ",\"options\":{\"num_ctx\":4096}| options.num_ctx: found 4096, expected a whole number from 1 to 512",
        ",\"options\":{\"mirostat\":2}| options.mirostat: found 2, expected 0",
        ",\"options\":{\"top_p\":2}| options.top_p: found 2, expected a number from 0 to 1",
        ",\"options\":{\"stop\":[\"\"]}| options.stop: found",
        ",\"options\":{\"temprature\":1}| options.temprature: this field is not supported",
    })
    void wrongRequestsAreErrorsThatNameTheField(String fields, String message) throws Exception {
        var reply = server.post("/api/generate", GENERATE.formatted(fields));
        assertEquals(400, reply.status(), reply::text);
        String found = (String) reply.json().get("error");
        assertTrue(found.startsWith(message.strip()), found);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"role\":\"king\",\"content\":\"x\"}| messages[0].role: found \"king\"",
        "{\"role\":\"user\",\"content\":\"x\",\"images\":[\"AAAA\"]}| messages[0].images: this model reads no images",
        "{\"role\":\"user\",\"content\":[]}| messages[0].content: found [], expected a string",
        "{\"role\":\"assistant\",\"tool_calls\":[{}]}| messages[0].tool_calls[0].function: missing",
        "{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}| "
                + "messages[0].tool_calls[0].function.arguments: found \"{}\", expected an object",
    })
    void wrongMessagesAreErrorsThatNameTheField(String sent, String message) throws Exception {
        var reply = server.post("/api/chat", "{\"model\":\"reasoner\",\"messages\":[" + sent + "]}");
        assertEquals(400, reply.status(), reply::text);
        String found = (String) reply.json().get("error");
        assertTrue(found.startsWith(message.strip()), found);
    }

    @Test
    void modelsAreNotChanged() throws Exception {
        for (String path : List.of("/api/pull", "/api/push", "/api/create", "/api/copy", "/api/blobs/sha256:0")) {
            var reply = server.post(path, "{\"model\":\"x\"}");
            assertEquals(501, reply.status(), path);
            assertTrue(((String) reply.json().get("error")).contains("glia pull"), reply::text);
        }
        var deleted = server.send(HttpRequest.newBuilder(server.uri("/api/delete")).DELETE().build());
        assertEquals(501, deleted.status());
    }

    @Test
    void hasAVersion() throws Exception {
        assertTrue(((String) server.get("/api/version").json().get("version")).matches("\\d+\\.\\d+\\.\\d+"));
    }
}
