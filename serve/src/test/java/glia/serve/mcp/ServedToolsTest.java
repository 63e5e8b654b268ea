package glia.serve.mcp;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.io.json.JsonValues;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.text.template.ToolCall;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From a client's request to an MCP server and back: the model calls a tool through the server.
class ServedToolsTest {
    private static final String BODY = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
            + "\"structured_outputs\":{\"choice\":[\"1\"]},\"parallel_tool_calls\":false,\"max_tokens\":200,"
            + "\"frequency_penalty\":2,\"seed\":%d}";

    @TempDir
    private Path folder;

    /// Notes calls and results.
    private static final class Notes implements ToolConversation.Approval {
        private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
        private final List<String> results = Collections.synchronizedList(new ArrayList<>());

        @Override
        public boolean approves(ToolCall call) {
            calls.add(call.name());
            return true;
        }

        @Override
        public void result(ToolCall call, String result) {
            results.add(result);
        }
    }

    /// A model whose choices are nearly uniform: its answers are `1`, or begin with calls, by the seed.
    private LanguageModel model() throws Exception {
        ToolModel.load(folder).close();
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"temperature\": 100.0, \"top_k\": 0, \"top_p\": 1.0, \"min_p\": 0.0}");
        return LanguageModel.load(folder);
    }

    @Test
    void aModelCallsAToolThroughTheServer() throws Exception {
        Notes notes = new Notes();
        ModelPool models = new ModelPool();
        models.add(new ServedModel(ToolModel.NAME, model(), Instant.now()));
        try (ToolServers tools = ToolServers.connect(List.of(ToolServersTest.command(SampleServer.class)));
                HttpClient client = HttpClient.newHttpClient();
                Server server = Server.start(models, ServerOptions.defaults().withPort(0)
                        .withTools(new McpTools(tools, notes)))) {
            URI address = URI.create("http://127.0.0.1:" + server.port() + "/v1/chat/completions");
            boolean isAnswered = false;
            int numWithout = 0;
            for (int seed = 1; seed <= 60 && !(isAnswered && numWithout > 0); seed++) {
                notes.calls.clear();
                notes.results.clear();
                HttpResponse<String> reply = client.send(HttpRequest.newBuilder(address)
                        .POST(BodyPublishers.ofString(BODY.formatted(seed))).build(), BodyHandlers.ofString());
                assertEquals(200, reply.statusCode(), reply::body);
                Object json = JsonValues.parse(reply.body());
                assertFalse(reply.body().contains("tool_calls"), reply::body);
                assertEquals(notes.calls.size(), notes.results.size());
                boolean isWhole = "stop".equals(at(json, "choices", 0, "finish_reason"));
                String text = (String) at(json, "choices", 0, "message", "content");
                if (isWhole) {
                    assertEquals("1", text);
                    numWithout += notes.calls.isEmpty() ? 1 : 0;
                    isAnswered |= !notes.calls.isEmpty();
                }
                for (int i = 0; i < notes.calls.size(); i++) {
                    String result = notes.results.get(i);
                    assertTrue(switch (notes.calls.get(i)) {
                        case "add" -> result.matches("-?[0-9.E-]+|-?Infinity|NaN|Error.*");
                        case "fail" -> result.contains("no luck") || result.startsWith("Error");
                        default -> !result.isEmpty();
                    }, result);
                }
            }
            assertTrue(isAnswered && numWithout > 0, "answers with and without calls");
        }
    }
}
