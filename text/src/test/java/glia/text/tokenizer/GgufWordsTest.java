package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// WordPiece and Unigram vocabularies as llama.cpp's converter writes them to GGUF files, against the ids of Hugging
/// Face's library for the original `tokenizer.json`.
class GgufWordsTest {
    private static final String KEY = "tokenizer.ggml.";

    /// With `▁` before pieces that begin a word, and no prefix before those that continue it.
    private static Map<String, Object> wordPiece(String name) {
        JsonNode json = TestData.json(TestData.resource(name + "/tokenizer.json"));
        String[] pieces = new String[json.path("model").path("vocab").size()];
        json.path("model").path("vocab").properties().forEach(e -> pieces[e.getValue().asInt()] = e.getKey());
        int[] types = new int[pieces.length];
        for (int id = 0; id < pieces.length; id++) {
            types[id] = id < 5 ? 3 : 1;
            pieces[id] = id < 5 ? pieces[id]
                    : pieces[id].startsWith("##") ? pieces[id].substring(2) : "▁" + pieces[id];
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put(KEY + "model", "bert");
        metadata.put(KEY + "tokens", pieces);
        metadata.put(KEY + "token_type", types);
        metadata.put(KEY + "unknown_token_id", 1);
        metadata.put(KEY + "cls_token_id", 2);
        metadata.put(KEY + "seperator_token_id", 3);
        return metadata;
    }

    private static Map<String, Object> unigram() {
        JsonNode json = TestData.json(TestData.resource("unigram/tokenizer.json"));
        JsonNode vocabulary = json.path("model").path("vocab");
        String[] pieces = new String[vocabulary.size()];
        float[] scores = new float[pieces.length];
        int[] types = new int[pieces.length];
        for (int id = 0; id < pieces.length; id++) {
            pieces[id] = vocabulary.path(id).path(0).asString();
            scores[id] = (float) vocabulary.path(id).path(1).asDouble();
            types[id] = id == 2 ? 2 : id < 2 ? 3 : 1;
        }
        byte[] map = Base64.getDecoder().decode(json.path("normalizer").path("precompiled_charsmap").asString());
        int[] numbers = new int[map.length];
        for (int i = 0; i < map.length; i++) {
            numbers[i] = map[i];
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put(KEY + "model", "t5");
        metadata.put(KEY + "tokens", pieces);
        metadata.put(KEY + "scores", scores);
        metadata.put(KEY + "token_type", types);
        metadata.put(KEY + "add_space_prefix", true);
        metadata.put(KEY + "remove_extra_whitespaces", true);
        metadata.put(KEY + "precompiled_charsmap", numbers);
        return metadata;
    }

    private static Map<String, Object> metadata(String name) {
        return name.equals("unigram") ? unigram() : wordPiece(name);
    }

    /// GGUF does not store whether a space precedes punctuation; in the cased vocabulary it does.
    @ParameterizedTest
    @CsvSource({"wordpiece, true", "wordpiece_cased, false", "unigram, true"})
    void idsAndTextsAreThoseOfTheReference(String name, boolean decodes) throws Exception {
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(metadata(name)));
        int count = 0;
        for (JsonNode sample : TestData.json(TestData.resource(name + "/tokens.json"))) {
            String text = sample.path("text").asString();
            int[] ids = TestData.ints(sample.path("ids"));
            assertArrayEquals(ids, tokenizer.encode(text, false), sample::toString);
            assertArrayEquals(TestData.ints(sample.path("with_special")), tokenizer.encode(text, true),
                    sample::toString);
            if (decodes) {
                assertEquals(sample.path("decoded").asString(), tokenizer.decode(ids, false));
            }
            count++;
        }
        assertTrue(count > 10);
    }

    @Test
    void lowerCasingFollowsTheFile() throws Exception {
        Map<String, Object> metadata = wordPiece("wordpiece");
        metadata.put(KEY + "normalizer.lowercase", false);
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(metadata));
        assertArrayEquals(new int[] {1}, tokenizer.encode("Hello", false));
        assertTrue(tokenizer.encode("hello", false).length > 1);
    }

    @Test
    void tokensAroundATextFollowTheFile() throws Exception {
        Map<String, Object> metadata = unigram();
        metadata.put(KEY + "bos_token_id", 0);
        metadata.put(KEY + "add_bos_token", true);
        metadata.put(KEY + "add_eos_token", false);
        assertArrayEquals(new int[] {0}, Tokenizer.fromGguf(TestData.gguf(metadata)).encode("", true));
        Map<String, Object> words = wordPiece("wordpiece");
        words.remove(KEY + "cls_token_id");
        words.remove(KEY + "seperator_token_id");
        assertArrayEquals(new int[] {2, 3}, Tokenizer.fromGguf(TestData.gguf(words)).encode("", true));
    }

    @Test
    void invalidMetadataIsRefused() {
        Map<String, Object> noUnknown = wordPiece("wordpiece");
        noUnknown.remove(KEY + "unknown_token_id");
        ((String[]) noUnknown.get(KEY + "tokens"))[1] = "[OTHER]";
        assertTrue(refusal(noUnknown).contains("unknown_token_id"));
        Map<String, Object> badScore = unigram();
        ((float[]) badScore.get(KEY + "scores"))[7] = Float.NaN;
        assertTrue(refusal(badScore).contains("scores: found NaN at index 7"));
        Map<String, Object> badMap = unigram();
        badMap.put(KEY + "precompiled_charsmap", new int[] {4, 0, 0, 0, 1, 2, 3, 4});
        assertTrue(refusal(badMap).contains("precompiled_charsmap"));
    }

    private static String refusal(Map<String, Object> metadata) {
        return assertThrows(CheckpointException.class, () -> Tokenizer.fromGguf(TestData.gguf(metadata))).getMessage();
    }

    /// Model `gemma4` with another vocabulary, against the library with the same merges and `▁` for spaces.
    @Test
    void collapsedSpacesMatchTheReference(@TempDir Path folder) throws Exception {
        JsonNode json = TestData.json(TestData.stories260K().resolve("tokenizer.json"));
        Map<String, Object> metadata = TestData.sentencePieceMetadata();
        metadata.remove(KEY + "scores");
        metadata.put(KEY + "model", "gemma4");
        metadata.put(KEY + "merges", json.path("model").path("merges").valueStream()
                .map(m -> m.path(0).asString() + " " + m.path(1).asString()).toArray(String[]::new));
        metadata.put(KEY + "unknown_token_id", 0);
        metadata.put(KEY + "bos_token_id", 1);
        Files.writeString(folder.resolve("tokenizer.json"), "{\"added_tokens\":" + json.path("added_tokens")
                + ",\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"},"
                + "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":"
                + "\"MergedWithPrevious\",\"invert\":false},\"decoder\":{\"type\":\"Sequence\",\"decoders\":"
                + "[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},"
                + "{\"type\":\"ByteFallback\"},"
                + "{\"type\":\"Fuse\"}]},\"model\":" + json.path("model") + "}");
        Tokenizer wanted = Tokenizer.load(folder);
        Tokenizer found = Tokenizer.fromGguf(TestData.gguf(metadata));
        for (String text : List.of("Once upon a time", " two  spaces ", "line\n\nbreaks", "naïve 北京 🙂", "")) {
            assertArrayEquals(wanted.encode(text, false), found.encode(text, false), text);
            assertEquals(text, found.decode(found.encode(text, false), true));
        }
        assertEquals(1, found.encode("a", true)[0]);
    }
}
