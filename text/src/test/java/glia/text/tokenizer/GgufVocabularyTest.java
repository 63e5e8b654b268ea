package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Converts tokenizers of folders to GGUF metadata and back.
class GgufVocabularyTest {
    private static final String KEY = "tokenizer.ggml.";

    @TempDir
    Path folder;

    @Test
    void sentencePieceIsWrittenAsScores() throws IOException {
        Map<String, Object> written = GgufVocabulary.of(TestData.stories260K(), 512);
        assertEquals("llama", written.get(KEY + "model"));
        assertEquals(true, written.get(KEY + "add_bos_token"));
        Map<String, Object> wanted = TestData.sentencePieceMetadata();
        assertArrayEquals((String[]) wanted.get(KEY + "tokens"), (String[]) written.get(KEY + "tokens"));
        assertArrayEquals((int[]) wanted.get(KEY + "token_type"), (int[]) written.get(KEY + "token_type"));
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(written));
        for (TestData.Sample sample : TestData.samples(TestData.stories260K().resolve("tokens.json"))) {
            assertArrayEquals(sample.ids(), tokenizer.encode(sample.text(), false), sample::toString);
        }
    }

    /// The folder is written from GGUF metadata, so the two conversions must be inverse.
    @ParameterizedTest
    @ValueSource(strings = {"smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "deepseek-v3", "modern-bert"})
    void preTokenizersAreWrittenByName(String pre) throws IOException {
        GgufMetadata metadata = TestData.gguf(TestData.byteLevelMetadata(pre));
        GgufTokenizerFolder.write(metadata, folder);
        Tokenizer original = Tokenizer.fromGguf(metadata);
        int size = original.vocabSize() + 5;
        Map<String, Object> written = GgufVocabulary.of(folder, size);
        assertEquals(pre, written.get(KEY + "pre"));
        assertEquals("[PAD" + (size - 1) + "]", ((String[]) written.get(KEY + "tokens"))[size - 1]);
        Tokenizer again = Tokenizer.fromGguf(TestData.gguf(written));
        assertEquals(original.eos(), again.eos());
        assertEquals(original.endOfGeneration(), again.endOfGeneration());
        String text = "It's 2024: <|im_start|>naïve  façades\n\n你好 12345!";
        assertArrayEquals(original.encode(text, true), again.encode(text, true));
    }

    /// As `glia train nano` makes them, and with special tokens, an end and letters of two bytes.
    @ParameterizedTest
    @ValueSource(strings = {"[]", "[\"<|end|>\", \"<think>\"]"})
    void tokensOfCharactersAreWrittenAsPiecesWithoutByteTokens(String specials) throws IOException {
        List<String> pieces = new ArrayList<>(List.of("<unk>"));
        for (JsonNode special : JsonMapper.shared().readTree(specials)) {
            pieces.add(special.asString());
        }
        List<Map<String, Object>> added = new ArrayList<>();
        for (String piece : pieces) {
            added.add(Map.of("id", added.size(), "content", piece, "single_word", false, "lstrip", false, "rstrip",
                    false, "normalized", false, "special", true));
        }
        "\n !<>abcdeéж".codePoints().forEach(c -> pieces.add(Character.toString(c)));
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        pieces.forEach(piece -> vocabulary.put(piece, vocabulary.size()));
        Files.writeString(folder.resolve("tokenizer.json"), JsonMapper.shared().writeValueAsString(Map.of(
                "added_tokens", added, "decoder", Map.of("type", "Fuse"), "model", Map.of("type", "BPE",
                        "unk_token", "<unk>", "fuse_unk", false, "byte_fallback", false, "vocab", vocabulary,
                        "merges", List.of()))));
        Tokenizer original = Tokenizer.load(folder);
        Map<String, Object> written = GgufVocabulary.of(folder, pieces.size());
        Tokenizer again = Tokenizer.fromGguf(TestData.gguf(written));
        assertEquals("llama", written.get(KEY + "model"));
        String text = "a bé  ж\n<think> 你好 <|end|>";
        assertArrayEquals(original.encode(text, true), again.encode(text, true));
        int[] all = IntStream.range(0, pieces.size()).toArray();
        assertEquals(original.decode(all, false), again.decode(all, false));
    }

    @Test
    void tokenizersThatGgufCannotRepresentAreRefused() throws IOException {
        GgufTokenizerFolder.write(TestData.gguf(TestData.byteLevelMetadata("smollm")), folder);
        Path file = folder.resolve("tokenizer.json");
        String json = Files.readString(file);
        assertTrue(assertThrows(CheckpointException.class, () -> GgufVocabulary.of(folder, 10)).getMessage()
                .contains("for a model of 10"));
        Files.writeString(file, json.replace("{\"type\":\"Digits\",\"individual_digits\":true}",
                "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[aeiou]\"},\"behavior\":\"Isolated\",\"invert\":false}"));
        assertTrue(assertThrows(CheckpointException.class, () -> GgufVocabulary.of(folder, 10_000)).getMessage()
                .contains("splits texts in none of the ways"));
        assertEquals(Map.of(), GgufVocabulary.of(folder.resolveSibling("nothing"), 10));
    }

    private static void assertTruth(String name, Map<String, Object> written) throws IOException {
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(written));
        for (JsonNode sample : TestData.json(TestData.resource(name + "/tokens.json"))) {
            String text = sample.path("text").asString();
            assertArrayEquals(TestData.ints(sample.path("ids")), tokenizer.encode(text, false), text);
            assertArrayEquals(TestData.ints(sample.path("with_special")), tokenizer.encode(text, true), text);
        }
    }

    /// Accents, Chinese, emoji, white space and unknown characters among the texts; more rows than pieces.
    @ParameterizedTest
    @CsvSource({"wordpiece, bert", "wordpiece_cased, bert", "unigram, t5"})
    void wordTokenizersKeepTheirIds(String name, String model) throws IOException {
        Tokenizer original = Tokenizer.load(TestData.resource(name));
        Map<String, Object> written = GgufVocabulary.of(TestData.resource(name), original.vocabSize() + 9);
        assertEquals(model, written.get(KEY + "model"));
        assertTruth(name, written);
        Tokenizer again = Tokenizer.fromGguf(TestData.gguf(written));
        String padding = "[PAD" + original.vocabSize() + "] qq";
        assertArrayEquals(original.encode(padding, true), again.encode(padding, true));
        for (int id = 0; id < original.vocabSize(); id++) {
            assertEquals(original.piece(id), again.piece(id));
        }
    }

    private void change(String name, String found, String put) throws IOException {
        String json = Files.readString(TestData.resource(name + "/tokenizer.json"));
        String changed = json.replaceFirst(found, put);
        assertNotEquals(json, changed);
        Files.writeString(folder.resolve("tokenizer.json"), changed);
    }

    /// Newer SentencePiece files have other steps with the same effect.
    @Test
    void equivalentComponentsAreRecognized() throws IOException {
        change("unigram", "(?s)\"normalizer\":\\s*(\\{[^}]*\\})",
                "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[$1,"
                + "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},{\"type\":\"Replace\",\"pattern\":"
                + "{\"Regex\":\" {2,}\"},\"content\":\"▁\"}]}");
        assertTruth("unigram", GgufVocabulary.of(folder, 600));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "wordpiece | \"clean_text\":\\s*true | \"clean_text\":false",
        "wordpiece | \"handle_chinese_chars\":\\s*true | \"handle_chinese_chars\":false",
        "wordpiece | \"max_input_chars_per_word\":\\s*100 | \"max_input_chars_per_word\":200",
        "wordpiece | \"BertPreTokenizer\" | \"WhitespaceSplit\"",
        "unigram | \"WhitespaceSplit\" | \"BertPreTokenizer\""})
    void wordTokenizersThatGgufCannotRepresentAreRefused(String name, String found, String put) throws IOException {
        change(name, found, put);
        assertTrue(assertThrows(CheckpointException.class, () -> GgufVocabulary.of(folder, 1000)).getMessage()
                .contains("splits texts in none of the ways"));
    }

    /// Encoder models add tokens around a text that only the template names.
    @Test
    void tokensAroundATextAreWrittenAsBosAndEos() throws IOException {
        Map<String, Object> metadata = TestData.byteLevelMetadata("modern-bert");
        GgufTokenizerFolder.write(TestData.gguf(metadata), folder);
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.delete(folder.resolve("generation_config.json"));
        int begin = (int) metadata.get(KEY + "bos_token_id");
        int end = (int) metadata.get(KEY + "eos_token_id");
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("\"post_processor\":null", "\"post_processor\":"
                + "{\"type\":\"BertProcessing\",\"cls\":[\"<|im_start|>\"," + begin
                + "],\"sep\":[\"<|im_end|>\"," + end + "]}"));
        Map<String, Object> written = GgufVocabulary.of(folder, 10_000);
        assertEquals("modern-bert", written.get(KEY + "pre"));
        assertArrayEquals(new int[] {begin, end}, Tokenizer.fromGguf(TestData.gguf(written)).encode("", true));
    }

    /// As Gemma: BPE over characters with `▁` for each space and none before the text.
    @Test
    void sentencePieceWithoutSpacePrefixIsWrittenAsScores() throws IOException {
        String json = Files.readString(TestData.stories260K().resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer.json"), json
                .replaceFirst("(?s)\"normalizer\".*?\"pre_tokenizer\":\\s*null", "\"normalizer\":{\"type\":"
                        + "\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"},"
                        + "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},"
                        + "\"behavior\":\"MergedWithPrevious\",\"invert\":false}")
                .replaceFirst(",\\s*\\{\\s*\"type\":\\s*\"Strip\"[^}]*}", ""));
        Tokenizer original = Tokenizer.load(folder);
        Map<String, Object> written = GgufVocabulary.of(folder, 512);
        assertEquals(false, written.get(KEY + "add_space_prefix"));
        Tokenizer again = Tokenizer.fromGguf(TestData.gguf(written));
        for (TestData.Sample sample : TestData.samples(TestData.stories260K().resolve("tokens.json"))) {
            int[] ids = original.encode(sample.text(), true);
            assertArrayEquals(ids, again.encode(sample.text(), true), sample::toString);
            assertEquals(sample.text(), again.decode(ids, true));
        }
    }
}
