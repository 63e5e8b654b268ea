package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.sampling.SamplingOptions;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Conversations in which the model itself speaks with a marker, and a user who only types it.
class ChatMarkersTest {
    private static final int THINK = 511;

    @TempDir
    Path folder;

    /// The story model with a marker in the place of its last piece.
    private void write() throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode json = (ObjectNode) mapper.readTree(Files.readAllBytes(shipped.resolve("tokenizer.json")));
        ObjectNode vocabulary = (ObjectNode) json.path("model").path("vocab");
        String last = vocabulary.properties().stream().filter(e -> e.getValue().asInt() == THINK).findFirst()
                .orElseThrow().getKey();
        vocabulary.remove(last);
        ArrayNode merges = (ArrayNode) json.path("model").path("merges");
        for (int i = merges.size() - 1; i >= 0; i--) {
            String left = merges.get(i).path(0).asString();
            String right = merges.get(i).path(1).asString();
            if (List.of(left, right, left + right).contains(last)) {
                merges.remove(i);
            }
        }
        ((ArrayNode) json.path("added_tokens")).addObject().put("id", THINK).put("content", "<think>")
                .put("special", false).put("normalized", false);
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        Files.writeString(folder.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}");
    }

    @Test
    void theModelsOwnMarkersAreTokensAgain() throws IOException {
        write();
        SamplingOptions thinking = SamplingOptions.greedy().withLogitBias(Map.of(THINK, 1000f));
        try (LanguageModel model = LanguageModel.load(folder); Chat chat = model.chat()) {
            chat.options(new GenerationOptions(thinking, 3, List.of()));
            Answer first = chat.stream("Once", piece -> { });
            assertEquals("<think><think><think>", first.text());
            // All that was computed is there again: the last token of an answer has not been.
            Answer second = chat.stream(" upon", piece -> { });
            assertEquals(first.promptTokens() + 2, second.reusedTokens());
            int typed = model.tokenizer().encodePlain("<think>", false).length;
            assertEquals(1, model.tokenizer().encode("<think>", false).length);
            Answer third = chat.stream("<think>", piece -> { });
            assertEquals(second.promptTokens() + 3 + typed, third.promptTokens());
            assertEquals(List.of("Once", "<think><think><think>", " upon", "<think><think><think>", "<think>",
                    "<think><think><think>"), chat.messages().stream().map(m -> m.content()).toList());
        }
    }

    @Test
    void aStopStringCutsTrustedTextToo() throws IOException {
        write();
        SamplingOptions thinking = SamplingOptions.greedy().withLogitBias(Map.of(THINK, 1000f));
        try (LanguageModel model = LanguageModel.load(folder); Generator generator = model.generator()) {
            Answer answer = generator.generate(model.tokenizer().encode("Once", true),
                    new GenerationOptions(thinking, 5, List.of("think><think")), false, piece -> { });
            assertEquals("<", answer.text());
        }
    }
}
