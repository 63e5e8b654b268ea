package glia.engine;

import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The story model with markers such as `<think>`, which replace its last pieces, and a chat template.
final class MarkedStories {
    static final int MARKER = 511;

    private MarkedStories() { }

    /// Writes the model with the marker `<think>` to a folder.
    static void write(Path folder, String template) throws IOException {
        write(folder, template, "<think>");
    }

    /// Writes the model to a folder. The first marker is token [#MARKER], each other one the token before.
    static void write(Path folder, String template, String... markers) throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode json = (ObjectNode) mapper.readTree(Files.readAllBytes(shipped.resolve("tokenizer.json")));
        ObjectNode vocabulary = (ObjectNode) json.path("model").path("vocab");
        for (int i = 0; i < markers.length; i++) {
            replace(json, vocabulary, MARKER - i, markers[i]);
        }
        Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        Files.writeString(folder.resolve("chat_template.jinja"), template);
    }

    private static void replace(ObjectNode json, ObjectNode vocabulary, int id, String marker) {
        String last = vocabulary.properties().stream().filter(e -> e.getValue().asInt() == id).findFirst()
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
        ((ArrayNode) json.path("added_tokens")).addObject().put("id", id).put("content", marker)
                .put("special", marker.startsWith("<|")).put("normalized", false);
    }
}
