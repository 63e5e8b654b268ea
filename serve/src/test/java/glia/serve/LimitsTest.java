package glia.serve;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.call.PromptLimits;
import glia.serve.request.HttpLimits;
import glia.serve.security.Access;
import glia.serve.security.KeyFile;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How many requests there may be, what they may contain, and what happens while a server drains.
class LimitsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String SHORT = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1}";
    private static final String LONG = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"ignore_eos\":true,"
            + "\"n\":8,\"stream\":true}";

    @TempDir
    private Path folder;

    private static ServerOptions with(HttpLimits limits) {
        return ServerOptions.defaults().withLimits(limits);
    }

    /// A stream that has begun.
    private static RawClient stream(TestServer server, String... headers) throws Exception {
        RawClient client = new RawClient(server.server().port());
        client.send(RawClient.post(CHAT, LONG).replace("Host: localhost\r\n", "Host: localhost\r\n"
                + String.join("", headers))).readTo("data: ");
        return client;
    }

    @Test
    void theRequestsOfAKeyAreLimited() throws Exception {
        String alice = KeyFile.add(folder.resolve("keys"), "alice");
        String bob = KeyFile.add(folder.resolve("keys"), "bob");
        Access access = Access.LOCAL.withKeys(KeyFile.open(folder.resolve("keys"), _ -> { }));
        HttpLimits limits = HttpLimits.defaults().withStreamsPerCaller(1);
        try (TestServer server = TestServer.start(with(limits).withAccess(access));
                RawClient _ = stream(server, "x-api-key: " + alice + "\r\n")) {
            var refused = post(server, alice);
            assertEquals(429, refused.status(), refused::text);
            int seconds = Integer.parseInt(refused.response().headers().firstValue("Retry-After").orElse("0"));
            assertTrue(seconds >= 1 && seconds <= 120, "Retry-After: " + seconds);
            assertEquals("rate_limit_exceeded", at(refused.json(), "error", "code"));
            assertEquals(200, post(server, bob).status());
        }
    }

    /// A text that is much too long is not encoded to its end, which takes seconds for millions of characters: the
    /// error does not know its number of tokens.
    @Test
    void textsThatAreMuchTooLongAreRefusedEarly() throws Exception {
        String text = "x".repeat(200_000);
        String messages = SHORT.replace("\"x\"", "\"" + text + "\"").replace("{\"messages", "{\"model\":\"reasoner\","
                + "\"messages");
        Map<String, String> bodies = Map.of(CHAT, messages, "/v1/messages", messages, "/v1/completions",
                "{\"prompt\":\"" + text + "\"}", "/completion", "{\"prompt\":[\"x\",\"" + text + "\"]}",
                "/v1/responses", "{\"input\":\"" + text + "\"}", "/api/generate",
                "{\"model\":\"reasoner\",\"prompt\":\"" + text + "\"}");
        try (TestServer server = TestServer.start()) {
            for (Map.Entry<String, String> one : bodies.entrySet()) {
                var refused = server.post(one.getKey(), one.getValue());
                assertEquals(400, refused.status(), one.getKey());
                assertTrue(refused.text().contains("the prompt is longer than the context of "), refused::text);
            }
            var refused = server.post("/v1/embeddings", "{\"input\":\"" + text + "\"}");
            assertTrue(refused.status() == 400 && refused.text().contains("found a text of more than"), refused::text);
            var cut = server.post("/api/embed", "{\"model\":\"reasoner\",\"input\":\"" + text + "\"}");
            assertEquals(200, cut.status(), cut::text);
        }
    }

    /// The time of a request begins with its headers: an answer does not get all of it once more. Attention maps end
    /// after a layer.
    @Test
    void theTimeOfARequestBeginsWithIt() throws Exception {
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withRequestTimeout(
                Duration.ofMillis(200)))); RawClient client = new RawClient(server.server().port())) {
            String body = SHORT.replace("\"max_tokens\":1", "\"ignore_eos\":true,\"n\":4");
            client.send(RawClient.post(CHAT, "", body.length()));
            Thread.sleep(300);
            String answer = client.send(body).readTo("\"usage\":{\"prompt_tokens\":") + client.readTo("}");
            int tokens = Integer.parseInt(answer.replaceAll("(?s).*\"completion_tokens\":(\\d+).*", "$1"));
            assertTrue(tokens < 100, answer);
            assertTrue(answer.contains("\"finish_reason\":\"length\""), answer);
        }
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withRequestTimeout(
                Duration.ofMillis(1))))) {
            var late = server.post("/glia/attention", SHORT.replace("{\"messages", "{\"model\":\"reasoner\",\"messages")
                    .replace("\"max_tokens\":1", "\"answer\":\"" + "y ".repeat(100) + "\""));
            assertEquals(503, late.status(), late::text);
        }
    }

    private static TestServer.Reply post(TestServer server, String key) throws Exception {
        return server.send(HttpRequest.newBuilder(server.uri(CHAT)).header("x-api-key", key)
                .POST(BodyPublishers.ofString(SHORT)).build());
    }

    @Test
    void allRequestsAreLimitedAndProbesAreNot() throws Exception {
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withRequests(1)))) {
            try (RawClient _ = stream(server)) {
                assertEquals(429, server.post(CHAT, SHORT).status());
                assertEquals(200, server.get("/health").status());
                assertEquals(200, server.get("/ready").status());
            }
            // The place is free when the client has gone.
            while (server.post(CHAT, SHORT).status() != 200) {
                Thread.sleep(20);
            }
        }
    }

    /// Without keys one address leaves a quarter of the places to others.
    @Test
    void theRequestsOfAnAddressAreLimitedWithoutKeys() throws Exception {
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withRequests(4)));
                RawClient _ = stream(server); RawClient _ = stream(server); RawClient _ = stream(server)) {
            var refused = server.post(CHAT, SHORT);
            assertEquals(429, refused.status(), refused::text);
            assertTrue(refused.text().contains("of this address, expected at most 3"), refused::text);
        }
    }

    /// A stream begins when its request has been queued: a client tries again after a status, not after an event.
    @Test
    void streamsOfMoreAnswersThanMayWaitAre429() throws Exception {
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withSamples(5000)))) {
            for (String prompt : new String[] {"\"prompt\":\"x\"",
                "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"}) {
                var refused = server.post(prompt.contains("messages") ? CHAT : "/v1/completions",
                        "{" + prompt + ",\"stream\":true,\"n\":5000}");
                assertEquals(429, refused.status(), refused::text);
                assertEquals("rate_limit_exceeded", at(refused.json(), "error", "code"));
                assertTrue(refused.response().headers().firstValue("Retry-After").isPresent());
                assertEquals("application/json", refused.response().headers().firstValue("Content-Type").orElse(""));
            }
            assertEquals(200, server.post(CHAT, SHORT).status());
        }
    }

    @Test
    void theTokensOfPromptAndAnswerAreLimited() throws Exception {
        PromptLimits prompt = PromptLimits.defaults().withAnswerTokens(3).withPromptTokens(200);
        try (TestServer server = TestServer.start(with(HttpLimits.defaults().withPrompt(prompt)))) {
            var cut = server.post(CHAT, SHORT.replace(",\"max_tokens\":1", ",\"ignore_eos\":true"));
            assertEquals(3, at(cut.json(), "usage", "completion_tokens"));
            assertEquals("length", at(cut.json(), "choices", 0, "finish_reason"));
            var answer = server.post(CHAT, SHORT.replace("\"max_tokens\":1", "\"max_tokens\":4"));
            assertEquals(400, answer.status());
            assertTrue(answer.text().contains("--max-answer-tokens"), answer.text());
            var question = server.post(CHAT, SHORT.replace("\"x\"", "\"" + "x".repeat(300) + "\""));
            assertEquals(400, question.status());
            assertTrue(question.text().contains("--max-prompt-tokens"), question.text());
        }
    }

    @Test
    void aServerThatDrainsEndsItsAnswersAndTakesNoOthers() throws Exception {
        TestServer server = TestServer.start();
        RawClient client = stream(server);
        Thread drain = Thread.ofPlatform().start(() -> server.server().drain(Duration.ofMinutes(2)));
        while (server.get("/ready").status() == 200) {
            Thread.sleep(5);
        }
        var refused = server.post(CHAT, SHORT);
        assertEquals(503, refused.status());
        assertTrue(refused.response().headers().firstValue("Retry-After").isPresent());
        assertEquals(200, server.get("/health").status());
        assertTrue(client.readTo("data: [DONE]").endsWith("data: [DONE]"));
        client.close();
        drain.join();
    }

    /// Answers that take longer than the server waits end with an error, not in the middle of an event.
    @Test
    void aServerThatDrainsTooLongEndsItsStreamsWithAnError() throws Exception {
        TestServer server = TestServer.start();
        RawClient client = stream(server);
        server.server().drain(Duration.ofMillis(50));
        String end = client.readAll();
        assertTrue(end.contains("{\"error\":{\"message\":\"the server is stopping"), end);
        assertTrue(end.endsWith("0\r\n\r\n"), end);
        client.close();
    }

    @Test
    void metricsCountRequestsTokensAndTimesWithFewLabels() throws Exception {
        try (TestServer server = TestServer.start()) {
            var reply = server.post(CHAT, SHORT);
            assertEquals(200, reply.status());
            for (int i = 0; i < 20; i++) {
                server.get("/none/" + i);
            }
            String others = "glia_http_requests_seconds_count{method=\"OTHER\",route=\"other\",status=\"404\"} 20\n";
            String text = server.get("/metrics").text();
            // A request is counted after its answer was sent.
            for (int i = 0; i < 1000 && !text.contains(others); i++) {
                Thread.sleep(10);
                text = server.get("/metrics").text();
            }
            int prompt = (int) at(reply.json(), "usage", "prompt_tokens");
            for (String line : new String[] {"glia_prompt_tokens_total " + (double) prompt,
                "glia_generated_tokens_total 1.0", "glia_time_to_first_token_seconds_count 1",
                "glia_http_requests_seconds_count{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"} 1",
                "glia_http_requests_seconds_count{method=\"OTHER\",route=\"other\",status=\"404\"} 20",
                "glia_sequences_running 0.0", "glia_sequences_waiting 0.0", "glia_preemptions 0.0",
                "glia_model_loads_total 0.0"}) {
                assertTrue(text.contains(line + "\n"), line + " is not in\n" + text);
            }
            assertTrue(text.contains("glia_inter_token_seconds_bucket") && text.contains("glia_kv_cache_bytes "), text);
            assertFalse(text.contains("/none"), text);
            var open = server.send(HttpRequest.newBuilder(server.uri("/metrics"))
                    .header("Accept", "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3").build());
            assertEquals("application/openmetrics-text; version=1.0.0; charset=utf-8",
                    open.response().headers().firstValue("Content-Type").orElse(""));
            assertTrue(open.text().contains("# TYPE glia_prompt_tokens counter\n") && open.text().endsWith("# EOF\n"),
                    open.text());
        }
    }
}
