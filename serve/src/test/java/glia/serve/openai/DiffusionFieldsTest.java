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

    @Test
    void whatCannotBeAppliedIsRefusedByName() throws Exception {
        refused("diffusion", ",\"steps\":0", "steps");
        refused("diffusion", ",\"remasking\":\"entropy\"", "\"remasking\"", "low_confidence");
        refused("diffusion", ",\"stream\":true,\"remasking\":\"entropy\"", "\"remasking\"", "low_confidence");
        refused("diffusion", ",\"min_p\":0.1", "min_p", "text diffusion");
        refused(TestServer.MODEL, ",\"block_length\":4", "block_length", "text diffusion");
    }
}
