package glia.serve.chat;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.serve.TestServer;
import org.junit.jupiter.api.Test;

/// A model that can do little says so in every API.
class ScopeTest {
    private static final String MESSAGES = "\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]";

    @Test
    void otherQuestionsAreRefused() throws Exception {
        try (TestServer server = TestServer.of("little", LanguageModel.load("reasoner"))) {
            String hello = "{\"model\": \"little\", \"stream\": false, \"max_tokens\": 300, "
                    + MESSAGES.formatted("Hello");
            var chat = server.post("/v1/chat/completions", hello + "}");
            assertRefused(at(chat.json(), "choices", 0, "message", "content"));
            assertEquals("stop", at(chat.json(), "choices", 0, "finish_reason"));
            assertRefused(at(server.post("/v1/messages", hello + "}").json(), "content", 0, "text"));
            assertRefused(at(server.post("/api/chat", hello.replace("\"max_tokens\": 300, ", "") + "}").json(),
                    "message", "content"));
            assertEquals(400, server.post("/v1/chat/completions", hello + ", \"guided_regex\": \"a\"}").status());
            var sum = server.post("/v1/chat/completions", hello.replace("Hello", "17+25=") + "}");
            assertTrue(!sum.text().contains("cannot answer"), sum::text);
            assertTrue(server.get("/v1/models").text().contains("solves two kinds of problems"));
        }
    }

    private static void assertRefused(Object text) {
        assertTrue(text instanceof String answer && answer.startsWith("This model solves two kinds of problems, in "
                + "these words: ") && answer.endsWith(". It cannot answer other questions."), String.valueOf(text));
    }
}
