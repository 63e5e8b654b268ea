package glia.serve;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/// Bodies that are almost right, on all routes: each is answered, none with an internal error.
class HostileBodiesTest {
    private static final List<String> ROUTES = List.of("/v1/chat/completions", "/v1/completions", "/v1/responses",
            "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens", "/v1/rerank", "/tokenize", "/detokenize",
            "/apply-template", "/glia/attention", "/api/chat", "/api/generate", "/api/embed", "/api/show",
            "/v1/responses/x/cancel");
    private static final List<String> NAMES = List.of("model", "messages", "prompt", "input", "stream", "max_tokens",
            "max_output_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "n", "stop",
            "stop_sequences", "seed", "logit_bias", "logprobs", "top_logprobs", "tools", "tool_choice",
            "response_format", "text",
            "thinking", "reasoning", "reasoning_effort", "system", "instructions", "echo", "suffix", "content",
            "tokens", "query",
            "documents", "top_n", "options", "format", "keep_alive", "stream_options", "chat_template_kwargs", "store",
            "previous_response_id", "background", "metadata", "user", "encoding_format", "dimensions", "answer", "raw");
    private static final List<String> VALUES = List.of("null", "true", "-1", "0", "1", "2", "1e9", "-1e308", "0.5",
            "9223372036854775807", "\"\"", "\"x\"", "\"reasoner\"", "\"\\u0000\"", "\"\\ud800\"", "\"auto\"",
            "\"none\"", "\"high\"", "[]", "[1,2]", "[[1],[2]]", "[\"a\",\"b\"]", "[null]", "{}",
            "{\"type\":\"json_object\"}",
            "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "[{\"role\":\"user\",\"content\":\"x\"}]",
            "[{\"role\":\"assistant\",\"content\":\"x\"}]",
            "[{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"\"}]",
            "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\\ud83d\"}]}]",
            "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}]", "[{\"role\":\"user\"}]",
            "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]", "{\"0\":100}", "{\"effort\":\"low\"}",
            "{\"type\":\"enabled\",\"budget_tokens\":2000}", "{\"include_usage\":true}", "\"<|im_end|>\"");

    private static TestServer server;

    @BeforeContainer
    static void start() throws Exception {
        // Answers are short: what is tested is what the bodies do before.
        var usual = ServerOptions.defaults();
        server = TestServer.start(usual.withLimits(usual.limits().withSamples(4)));
    }

    @AfterContainer
    static void stop() {
        server.close();
    }

    @Provide
    Arbitrary<String> bodies() {
        Arbitrary<String> field = Combinators.combine(Arbitraries.of(NAMES), Arbitraries.of(VALUES))
                .as((name, value) -> "\"" + name + "\":" + value);
        Arbitrary<String> fields = field.list().ofMaxSize(6).map(list -> String.join(",", list));
        String small = "\"max_output_tokens\":16";
        return Arbitraries.frequencyOf(
                Tuple.of(4, fields.map(more -> "{\"max_tokens\":2,\"messages\":[{\"role\":\"user\","
                        + "\"content\":\"x\"}]" + (more.isEmpty() ? "" : "," + more) + "}")),
                Tuple.of(2, fields.map(more -> "{\"max_tokens\":2,\"prompt\":\"x\""
                        + (more.isEmpty() ? "" : "," + more) + "}")),
                Tuple.of(2, fields.map(more -> "{" + small + ",\"input\":\"x\""
                        + (more.isEmpty() ? "" : "," + more) + "}")),
                Tuple.of(1, fields.map(more -> "{" + more + "}")),
                Tuple.of(1, Arbitraries.strings().ascii().ofMaxLength(40)));
    }

    @Property(tries = 400, shrinking = ShrinkingMode.OFF)
    void everyBodyIsAnsweredAndNoneIsAnInternalError(@ForAll("bodies") String body, @ForAll("routes") String route)
            throws Exception {
        var reply = server.send(HttpRequest.newBuilder(server.uri(route)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)).build());
        assertTrue(reply.status() < 500 || reply.status() == 501, () -> route + " " + body + ": " + reply.text());
        assertFalse(reply.text().contains("internal error"), () -> route + " " + body + ": " + reply.text());
    }

    @Provide
    Arbitrary<String> routes() {
        return Arbitraries.of(ROUTES);
    }
}
