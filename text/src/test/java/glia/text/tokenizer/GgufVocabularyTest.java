package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Vocabularies from folders to GGUF metadata and back.
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

    /// The folder is made of a file's metadata, so both ways are held to each other.
    @ParameterizedTest
    @ValueSource(strings = {"smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "deepseek-v3"})
    void namesOfPreTokenizersAreFoundAgain(String pre) throws IOException {
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

    @Test
    void whatTheFormatCannotSayIsRefused() throws IOException {
        GgufTokenizerFolder.write(TestData.gguf(TestData.byteLevelMetadata("smollm")), folder);
        Path file = folder.resolve("tokenizer.json");
        String json = Files.readString(file);
        assertTrue(assertThrows(CheckpointException.class, () -> GgufVocabulary.of(folder, 10)).getMessage()
                .contains("for a model of 10"));
        Files.writeString(file, json.replace("{\"type\":\"Digits\",\"individual_digits\":true}",
                "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[aeiou]\"},\"behavior\":\"Isolated\",\"invert\":false}"));
        assertTrue(assertThrows(CheckpointException.class, () -> GgufVocabulary.of(folder, 10_000)).getMessage()
                .contains("cuts texts in none of the ways"));
        assertEquals(Map.of(), GgufVocabulary.of(folder.resolveSibling("nothing"), 10));
    }
}
