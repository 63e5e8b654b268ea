package glia.serve.anthropic;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.errors.NotFoundException;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListParams;
import glia.engine.ToolModel;
import glia.serve.TestServer;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `/v1/models` in the form of the API whose headers a request has.
class ModelsTest {
    @TempDir
    private static Path folder;

    private static TestServer server;
    private static AnthropicClient client;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start(ToolModel.NAME, ToolModel.load(folder));
        client = AnthropicOkHttpClient.builder().baseUrl("http://127.0.0.1:" + server.server().port())
                .apiKey("any").maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static TestServer.Reply get(String path) throws Exception {
        return server.send(HttpRequest.newBuilder(server.uri(path)).header("anthropic-version", "2023-06-01").build());
    }

    @Test
    void anthropicsClientListsAndGetsModels() {
        List<ModelInfo> all = client.models().list().items();
        all.forEach(ModelInfo::validate);
        assertEquals(List.of(TestServer.MODEL, ToolModel.NAME), all.stream().map(ModelInfo::id).toList());
        ModelInfo one = client.models().retrieve(ToolModel.NAME).validate();
        assertEquals(ToolModel.NAME, one.displayName());
        assertEquals(512, one.maxInputTokens().orElseThrow());
        assertEquals(ModelInfo.Lifecycle.ACTIVE, one.lifecycle());
        var missing = assertThrows(NotFoundException.class, () -> client.models().retrieve("no-such-model"));
        assertTrue(missing.getMessage().contains("not_found_error"), missing.getMessage());
        // The client gets one page after the other.
        assertEquals(2, client.models().list(ModelListParams.builder().limit(1).build()).autoPager().stream().count());
    }

    @Test
    void pagesBeginAfterOrEndBeforeAModel() throws Exception {
        var first = get("/v1/models?limit=1").json();
        assertEquals(true, first.get("has_more"));
        assertEquals(TestServer.MODEL, first.get("last_id"));
        var second = get("/v1/models?limit=1&after_id=" + TestServer.MODEL).json();
        assertEquals(false, second.get("has_more"));
        assertEquals(ToolModel.NAME, at(second, "data", 0, "id"));
        var before = get("/v1/models?before_id=" + ToolModel.NAME).json();
        assertEquals(TestServer.MODEL, before.get("first_id"));
        assertEquals(1, ((List<?>) before.get("data")).size());
        assertEquals(List.of(), get("/v1/models?after_id=" + ToolModel.NAME).json().get("data"));
        for (String wrong : List.of("limit=0", "limit=1001", "limit=x", "after_id=nothing")) {
            var reply = get("/v1/models?" + wrong);
            assertEquals(400, reply.status(), wrong);
            assertEquals("invalid_request_error", at(reply.json(), "error", "type"));
            assertEquals("error", reply.json().get("type"));
        }
    }

    @Test
    void otherClientsGetOpenAisForm() throws Exception {
        var list = server.get("/v1/models").json();
        assertEquals("list", list.get("object"));
        assertFalse(list.containsKey("has_more"));
        assertEquals("model", server.get("/v1/models/" + ToolModel.NAME).json().get("object"));
        assertTrue(server.get("/v1/models/nothing").text().contains("model_not_found"));
    }
}
