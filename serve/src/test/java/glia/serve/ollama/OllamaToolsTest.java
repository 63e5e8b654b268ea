package glia.serve.ollama;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.ToolModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Structured output and tools of Ollama's API, of a model that would not have the form by itself.
class OllamaToolsTest {
    private static final String SCHEMA = "{\"type\":\"object\",\"properties\":{\"wet\":{\"type\":\"boolean\"}},"
            + "\"required\":[\"wet\"],\"additionalProperties\":false}";

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

    private static void assertForm(Object text) {
        Map<?, ?> json = (Map<?, ?>) JsonValues.parse((String) text);
        assertTrue(json.get("wet") instanceof Boolean && json.size() == 1, json::toString);
    }

    @Test
    void answersHaveTheFormOfASchema() throws Exception {
        // The penalty ends runs of blanks, of which JSON may have any number.
        String fields = ",\"stream\":false,\"options\":{\"temperature\":0,\"num_predict\":300,"
                + "\"frequency_penalty\":2},\"format\":" + SCHEMA;
        var chat = server.post("/api/chat", "{\"model\":\"tools\",\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"Hi\"}]" + fields + "}");
        assertForm(at(chat.json(), "message", "content"));
        var generated = server.post("/api/generate", "{\"model\":\"tools\",\"prompt\":\"Hi\"" + fields + "}");
        assertForm(generated.json().get("response"));
    }

    @Test
    void formsThatAreNotSupportedAreRefused() throws Exception {
        for (String wrong : List.of("\"yaml\"", "3", "{\"type\":\"thing\"}")) {
            var reply = server.post("/api/generate",
                    "{\"model\":\"tools\",\"prompt\":\"Hi\",\"format\":" + wrong + "}");
            assertEquals(400, reply.status(), reply::text);
            assertTrue(((String) reply.json().get("error")).startsWith("format: "), reply::text);
        }
    }

    @Test
    void toolsAreInThePrompt() throws Exception {
        String body = "{\"model\":\"tools\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
                + "{\"role\":\"assistant\",\"tool_calls\":[{"
                + "\"function\":{\"name\":\"paint\",\"arguments\":{\"wet\":true}}}]},"
                + "{\"role\":\"tool\",\"tool_name\":\"paint\",\"content\":\"dry\"}],\"stream\":false,"
                + "\"options\":{\"num_predict\":3}%s}";
        int without = (int) server.post("/api/chat", body.formatted("")).json().get("prompt_eval_count");
        var with = server.post("/api/chat", body.formatted(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
                + "\"paint\",\"parameters\":" + SCHEMA + "}}]"));
        assertEquals(200, with.status(), with::text);
        assertTrue((int) with.json().get("prompt_eval_count") > without, with::text);
        assertEquals("length", with.json().get("done_reason"));
    }
}
