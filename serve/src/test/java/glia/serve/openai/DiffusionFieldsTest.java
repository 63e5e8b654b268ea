package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.AnyReasoner;
import glia.engine.LanguageModel;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.write.ModelWriter;
import glia.serve.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Options of text diffusion in requests.
class DiffusionFieldsTest {
    @TempDir
    private static Path folder;
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        try (LanguageModel usual = AnyReasoner.load(); Model made = FreshModel.create(NewModels.config("llada", Map.of(
                "hidden", 32, "layers", 1, "heads", 2, "vocab", usual.tokenizer().vocabSize() + 1)), 1)) {
            ModelWriter.write(made, folder);
        }
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(AnyReasoner.path().resolve(name), folder.resolve(name));
        }
        server = TestServer.start("diffusion", LanguageModel.load(folder));
    }

    private static TestServer.Reply post(String model, String fields) throws Exception {
        return server.post("/v1/completions", "{\"model\":\"" + model + "\",\"prompt\":\"2+2\",\"max_tokens\":16,"
                + "\"ignore_eos\":true,\"temperature\":1,\"seed\":5" + fields + "}");
    }

    private static String answer(String fields) throws Exception {
        var reply = post("diffusion", fields);
        assertEquals(200, reply.status(), reply::text);
        return (String) TestServer.at(reply.json(), "choices", 0, "text");
    }

    private static void refused(String model, String fields, String... words) throws Exception {
        var reply = post(model, fields);
        assertEquals(400, reply.status(), reply::text);
        for (String word : words) {
            assertTrue(reply.text().contains(word), reply::text);
        }
    }

    @Test
    void eachOptionChangesTheAnswer() throws Exception {
        String usual = answer("");
        assertEquals(usual, answer(",\"steps\":16,\"block_length\":32,\"remasking\":\"low_confidence\""));
        for (String fields : new String[] {",\"steps\":1", ",\"block_length\":1", ",\"remasking\":\"random\""}) {
            assertNotEquals(usual, answer(fields), fields);
        }
    }

    private static String ollama(String options) throws Exception {
        var reply = server.post("/api/generate", "{\"model\":\"diffusion\",\"prompt\":\"2+2\",\"raw\":true,"
                + "\"stream\":false,\"options\":{\"num_predict\":16,\"temperature\":1,\"seed\":5" + options + "}}");
        assertEquals(200, reply.status(), reply::text);
        return (String) TestServer.at(reply.json(), "response");
    }

    @Test
    void optionsOfOllamaChangeTheAnswer() throws Exception {
        String usual = ollama("");
        assertEquals(usual, ollama(",\"steps\":16,\"block_length\":32,\"remasking\":\"low_confidence\""));
        for (String options : new String[] {",\"steps\":1", ",\"block_length\":1", ",\"remasking\":\"random\""}) {
            assertNotEquals(usual, ollama(options), options);
        }
        var wrong = server.post("/api/generate", "{\"model\":\"diffusion\",\"prompt\":\"2+2\",\"raw\":true,"
                + "\"options\":{\"remasking\":\"entropy\"}}");
        assertEquals(400, wrong.status());
        assertTrue(wrong.text().contains("remasking") && wrong.text().contains("low_confidence"), wrong::text);
    }

    private static Object anthropic(String fields) throws Exception {
        // Greedy: the API has no seed.
        var reply = server.post("/v1/messages", "{\"model\":\"diffusion\",\"max_tokens\":16,\"temperature\":0,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"2+2\"}]" + fields + "}");
        assertEquals(200, reply.status(), reply::text);
        return TestServer.at(reply.json(), "content");
    }

    @Test
    void fieldsOfAnthropicChangeTheAnswer() throws Exception {
        Object usual = anthropic("");
        assertEquals(usual, anthropic(",\"steps\":16,\"block_length\":32,\"remasking\":\"low_confidence\""));
        for (String fields : new String[] {",\"steps\":1", ",\"block_length\":1"}) {
            assertNotEquals(usual, anthropic(fields), fields);
        }
        var wrong = server.post("/v1/messages", "{\"model\":\"diffusion\",\"max_tokens\":16,\"remasking\":\"entropy\","
                + "\"messages\":[{\"role\":\"user\",\"content\":\"2+2\"}]}");
        assertEquals(400, wrong.status());
        assertTrue(wrong.text().contains("remasking") && wrong.text().contains("low_confidence"), wrong::text);
    }

    @Test
    void aStreamHasTheCanvasOfEachStepOnRequest() throws Exception {
        String body = "{\"model\":\"diffusion\",\"max_tokens\":16,\"ignore_eos\":true,\"stream\":true,\"messages\":"
                + "[{\"role\":\"user\",\"content\":\"2+2\"}]%s}";
        assertTrue(server.post("/v1/chat/completions", body.formatted("")).events().stream()
                .noneMatch(event -> event.contains("canvas")));
        List<String> events = server.post("/v1/chat/completions",
                body.formatted(",\"stream_options\":{\"include_canvas\":true}")).events();
        List<String> canvases = events.stream().filter(event -> event.contains("\"canvas\"")).toList();
        assertEquals(16, canvases.size(), events::toString);
        assertTrue(canvases.getFirst().contains("{\"state\":\"noise\",\"text\":\"░"), canvases.getFirst());
        assertTrue(canvases.getLast().contains("\"spans\":[]"), canvases.getLast());
    }

    @Test
    void whatCannotBeAppliedIsRefusedByName() throws Exception {
        refused("diffusion", ",\"steps\":0", "steps");
        refused("diffusion", ",\"remasking\":\"entropy\"", "\"remasking\"", "low_confidence");
        refused("diffusion", ",\"stream\":true,\"remasking\":\"entropy\"", "\"remasking\"", "low_confidence");
        refused("diffusion", ",\"min_p\":0.1", "min_p", "text diffusion");
        refused(TestServer.MODEL, ",\"block_length\":4", "block_length", "text diffusion");
    }
}
