package glia.text.tokenizer;

import glia.io.gguf.GgufMetadata;
import glia.io.json.JsonTree.JsonText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Tokenizers and expected values of several tests.
final class TestData {
    static final Path ORIGIN = Path.of("made.gguf");
    private static final JsonMapper MAPPER = new JsonMapper();

    private TestData() { }

    /// A text and its ids without added special tokens.
    record Sample(String text, int[] ids) {
        @Override
        public String toString() {
            return JsonText.quote(text);
        }
    }

    static Path resource(String name) {
        try {
            return Path.of(TestData.class.getResource("/tokenizer/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Path stories260K() {
        return resource("stories260K");
    }

    static JsonNode json(Path file) {
        try {
            return MAPPER.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Sample> samples(Path file) {
        List<Sample> samples = new ArrayList<>();
        for (JsonNode one : json(file)) {
            samples.add(new Sample(one.path("text").asString(), ints(one.path("ids"))));
        }
        return samples;
    }

    static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    static List<String> strings(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }

    /// The vocabulary of `pretokenizers.json` as a GGUF file would hold it.
    static Map<String, Object> byteLevelMetadata(String preTokenizer) {
        JsonNode fixture = json(resource("pretokenizers.json"));
        List<String> pieces = new ArrayList<>(strings(fixture.path("pieces")));
        List<String> special = strings(fixture.path("special"));
        List<String> user = strings(fixture.path("user"));
        int[] types = new int[pieces.size() + special.size() + user.size()];
        Arrays.fill(types, 1);
        Arrays.fill(types, pieces.size(), pieces.size() + special.size(), 3);
        Arrays.fill(types, pieces.size() + special.size(), types.length, 4);
        pieces.addAll(special);
        pieces.addAll(user);
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", "gpt2");
        metadata.put("tokenizer.ggml.pre", preTokenizer);
        metadata.put("tokenizer.ggml.tokens", pieces.toArray(String[]::new));
        metadata.put("tokenizer.ggml.token_type", types);
        metadata.put("tokenizer.ggml.merges", strings(fixture.path("merges")).toArray(String[]::new));
        metadata.put("tokenizer.ggml.bos_token_id", pieces.indexOf("<|im_start|>"));
        metadata.put("tokenizer.ggml.eos_token_id", pieces.indexOf("<|im_end|>"));
        return metadata;
    }

    /// The tokenizer of stories260K as a GGUF file would hold it: with scores that decrease with the rank of the merge
    /// that makes the piece.
    static Map<String, Object> sentencePieceMetadata() {
        JsonNode model = json(stories260K().resolve("tokenizer.json")).path("model");
        String[] pieces = new String[model.path("vocab").size()];
        model.path("vocab").properties().forEach(e -> pieces[e.getValue().asInt()] = e.getKey());
        Map<String, Integer> rank = new HashMap<>();
        for (JsonNode merge : model.path("merges")) {
            rank.putIfAbsent(merge.path(0).asString() + merge.path(1).asString(), rank.size());
        }
        float[] scores = new float[pieces.length];
        int[] types = new int[pieces.length];
        for (int id = 0; id < pieces.length; id++) {
            scores[id] = -rank.getOrDefault(pieces[id], 100_000);
            types[id] = id == 0 ? 2 : id < 3 ? 3 : PieceDecoder.Characters.byteOf(pieces[id]) >= 0 ? 6 : 1;
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", "llama");
        metadata.put("tokenizer.ggml.tokens", pieces);
        metadata.put("tokenizer.ggml.scores", scores);
        metadata.put("tokenizer.ggml.token_type", types);
        return metadata;
    }

    /// The same with merges instead of scores.
    static Map<String, Object> characterPairsMetadata() {
        Map<String, Object> metadata = sentencePieceMetadata();
        JsonNode merges = json(stories260K().resolve("tokenizer.json")).path("model").path("merges");
        metadata.put("tokenizer.ggml.model", "gemma4");
        metadata.put("tokenizer.ggml.merges", merges.valueStream()
                .map(merge -> merge.path(0).asString() + " " + merge.path(1).asString()).toArray(String[]::new));
        metadata.put("tokenizer.ggml.unknown_token_id", 0);
        return metadata;
    }

    static GgufMetadata gguf(Map<String, Object> metadata) {
        return GgufMetadata.of(ORIGIN, metadata);
    }
}
