package glia.serve.ollama;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import glia.engine.LanguageModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ollama's API on the wire.
class OllamaWireTest {
    private static final String CHAT = "{\"model\":\"reasoner:latest\",\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"2+2\"}]%s}";
    private static final String GENERATE = "{\"model\":\"reasoner\",\"prompt\":\"2+2\"%s}";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
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
        String waited = "";
        // What a busy machine lets a request wait is in no part: one of some requests has most of its time in parts.
        for (int i = 0; i < 20; i++) {
            waited = durations();
            if (waited.isEmpty()) {
                return;
            }
        }
        fail(waited);
    }

    /// @return empty if the parts are most of the time, or else the times
    private static String durations() throws Exception {
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
        String times = parts + " of " + total + " of " + nanos;
        assertTrue(total <= nanos && parts <= total, times);
        assertTrue((int) whole.get("eval_count") > 1);
        return parts > total / 2 ? "" : times;
    }

    @Test
    void aContextContinuesTheConversation(@TempDir Path folder) throws Exception {
        String options = ",\"stream\":false,\"think\":false,\"options\":{\"num_predict\":60}";
        try (LanguageModel model = TestServer.conversing(folder); TestServer other = TestServer.of("reasoner", model)) {
            Map<String, Object> first = other.post("/api/generate", GENERATE.formatted(options)).json();
            Map<String, Object> second = other.post("/api/generate", ("{\"model\":\"reasoner\",\"prompt\":\"3+3\","
                    + "\"context\":%s%s}").formatted(first.get("context"), options)).json();
            Map<String, Object> chat = other.post("/api/chat", ("{\"model\":\"reasoner\",\"messages\":["
                    + "{\"role\":\"user\",\"content\":\"2+2\"},{\"role\":\"assistant\",\"content\":\"%s\"},"
                    + "{\"role\":\"user\",\"content\":\"3+3\"}]%s}").formatted(first.get("response"), options)).json();
            assertEquals(at(chat, "prompt_eval_count"), second.get("prompt_eval_count"));
            assertEquals(at(chat, "message", "content"), second.get("response"));
        }
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

    @Test
    void aLargerContextIsThatOfTheModel() throws Exception {
        var reply = server.post("/api/generate", GENERATE.formatted(",\"stream\":false,\"options\":{\"num_ctx\":4096,"
                + "\"rope_frequency_base\":1e6,\"vocab_only\":false,\"num_predict\":1}"));
        assertEquals(200, reply.status(), reply::text);
        assertEquals("options.num_ctx: found 4096, the model's context of 512 tokens holds",
                reply.response().headers().firstValue("x-glia-warning").orElse(""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        ",\"images\":[\"AAAA\"]| images[0]: is no picture that can be read",
        ",\"suffix\":\"x\"| suffix: this model fills no gaps",
        ",\"template\":\"{{ .Prompt }}\"| template: found",
        ",\"context\":[1,-2]| context: expected numbers of tokens below",
        ",\"raw\":true,\"system\":\"x\"| raw: found true with system or context",
        ",\"steps\":3| steps: this field is not supported",
        ",\"think\":\"much\"| think: found \"much\", expected true, false, low, medium or high",
        ",\"keep_alive\":\"soon\"| keep_alive: found soon",
        ",\"truncate\":3| truncate: found 3, expected boolean",
        ",\"num_ctx\":4096| num_ctx: this field is not supported; did you mean options.num_ctx?",
        ",\"options\":{\"mirostat\":2}| options.mirostat: found 2, expected 0",
        ",\"options\":{\"top_p\":2}| options.top_p: found 2, expected a number from 0 to 1",
        ",\"options\":{\"stop\":[\"\"]}| options.stop: found",
        ",\"options\":{\"temprature\":1}| options.temprature: this field is not supported; did you mean temperature?",
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
        "{\"role\":\"user\",\"content\":\"x\",\"images\":[\"AAAA\"]}| messages[0].images[0]: is no picture",
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

    private static final String SCORED = "{\"model\":\"reasoner\",\"options\":{\"temperature\":0,\"num_predict\":12},"
            + "\"logprobs\":true,\"top_logprobs\":2,\"stream\":";

    private static void addTokens(List<Object> tokens, Object line) {
        if (((Map<?, ?>) line).get("logprobs") instanceof List<?> some) {
            tokens.addAll(some);
        }
    }

    /// The same tokens, and log-probabilities that differ by the rounding of another batch at most.
    private static void assertClose(Object expected, Object found) {
        List<?> all = (List<?>) expected;
        assertEquals(all.size(), ((List<?>) found).size(), found::toString);
        for (int i = 0; i < all.size(); i++) {
            for (Object key : List.of("token", "bytes")) {
                assertEquals(at(expected, i, key), at(found, i, key));
            }
            assertEquals((double) at(expected, i, "logprob"), (double) at(found, i, "logprob"), 1e-3);
            for (int j = 0; j < 2; j++) {
                assertEquals((double) at(expected, i, "top_logprobs", j, "logprob"),
                        (double) at(found, i, "top_logprobs", j, "logprob"), 1e-3);
            }
        }
    }

    @Test
    void logProbabilitiesAreThoseOfOpenAisApi() throws Exception {
        String chat = "\"messages\":[{\"role\":\"user\",\"content\":\"Solve x^2 - 5x + 6 = 0.\"}]";
        Object expected = at(server.post("/v1/chat/completions", "{\"model\":\"reasoner\",\"temperature\":0,"
                + "\"max_tokens\":12,\"logprobs\":true,\"top_logprobs\":2," + chat + "}").json(), "choices", 0,
                "logprobs", "content");
        assertEquals(12, ((List<?>) expected).size());
        var whole = server.post("/api/chat", SCORED + "false," + chat + "}");
        assertEquals(200, whole.status(), whole::text);
        assertClose(expected, whole.json().get("logprobs"));
        List<Object> streamed = new ArrayList<>();
        for (String line : server.post("/api/chat", SCORED + "true," + chat + "}").text().lines().toList()) {
            addTokens(streamed, JsonValues.parse(line));
        }
        assertClose(expected, streamed);
        var generated = server.post("/api/generate",
                SCORED + "false,\"prompt\":\"Solve x^2 - 5x + 6 = 0.\"}").json();
        assertClose(expected, generated.get("logprobs"));
        String withoutOthers = (SCORED + "false," + chat + "}").replace("\"top_logprobs\":2,", "");
        var alone = server.post("/api/chat", withoutOthers).json();
        Map<?, ?> first = (Map<?, ?>) at(alone, "logprobs", 0);
        assertEquals(Set.of("token", "logprob", "bytes"), first.keySet());
        assertEquals((double) at(expected, 0, "logprob"), (double) first.get("logprob"), 1e-4);
        assertFalse(server.post("/api/chat", "{\"model\":\"reasoner\",\"stream\":false,\"options\":{\"num_predict\":2},"
                + chat + "}").json().containsKey("logprobs"));
        var refused = server.post("/api/chat", "{\"model\":\"reasoner\",\"top_logprobs\":2," + chat + "}");
        assertEquals(400, refused.status(), refused::text);
        assertEquals("top_logprobs: found 2 without logprobs; set logprobs to true", refused.json().get("error"));
    }
}
