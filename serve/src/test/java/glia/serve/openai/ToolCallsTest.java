package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.ToolModel;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tool calls that a grammar enforces, of a model that would write none.
class ToolCallsTest {
    @TempDir
    private static Path folder;
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start(ToolModel.NAME, ToolModel.load(folder));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Map<String, Object> request(int maxTokens, Map<String, Object> function) {
        return Json.object("model", ToolModel.NAME, "messages", List.of(Map.of("role", "user", "content", "Ring.")),
                "tools", List.of(Map.of("type", "function", "function", function)), "tool_choice", "required",
                "max_tokens", maxTokens, "logit_bias", ToolModel.withoutBlanks(), "temperature", 0);
    }

    /// A function without `parameters` has an empty list of them (OpenAI's API reference).
    @Test
    void aFunctionWithoutParametersGetsNone() throws Exception {
        var reply = server.post("/v1/chat/completions", Json.text(request(400, Map.of("name", "ring"))));
        assertEquals(200, reply.status(), reply::text);
        Map<?, ?> call = (Map<?, ?>) at(reply.json(), "choices", 0, "message", "tool_calls", 0, "function");
        assertEquals(Map.of("name", "ring", "arguments", "{}"), call);
    }

    /// Wherever an answer of calls is cut off, no part of a call becomes its text.
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8, 12, 16, 20, 30, 40})
    void aCallThatIsCutOffIsNoText(int maxTokens) throws Exception {
        var reply = server.post("/v1/chat/completions", Json.text(request(maxTokens, Map.of("name", "ring"))));
        assertEquals(200, reply.status(), reply::text);
        Object content = at(reply.json(), "choices", 0, "message", "content");
        assertFalse(content != null && !content.equals(""), reply::text);
    }
}
