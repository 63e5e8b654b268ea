package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.text.template.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Tokenizers of folders without tokenizer.json: Mistral's tekken.json, cut to 1,180 tokens, with ids of tiktoken; and
/// small SentencePiece models with ids of its own library.
class OtherFormsTest {
    @TempDir Path folder;

    private static void assertIds(Path folder, Path expected, int numBefore) throws Exception {
        Tokenizer tokenizer = Tokenizer.load(folder);
        for (JsonNode one : JsonTree.parse(Files.readAllBytes(expected))) {
            String text = one.path("text").asString();
            int[] ids = one.path("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
            assertArrayEquals(ids, tokenizer.encode(text, false), text);
            assertEquals(ids.length + numBefore, tokenizer.encode(text, true).length);
        }
    }

    /// Letters, as models of speech have them; a vocabulary of several languages is refused.
    @Test
    void letters() throws Exception {
        Files.writeString(folder.resolve("vocab.json"), "{\"<pad>\": 0, \"</s>\": 1, \"|\": 2, \"A\": 3, \"'\": 4}");
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertArrayEquals(new int[] {3, 2, 3, 4}, tokenizer.encode("A A'", false));
        assertEquals("A A'", tokenizer.decode(new int[] {0, 3, 2, 3, 4}, true));
        assertTrue(tokenizer.isSpecial(0));
        Files.writeString(folder.resolve("vocab.json"), "{\"eng\": {\"A\": 0}}");
        assertTrue(assertThrows(CheckpointException.class, () -> Tokenizer.load(folder)).getMessage().contains("eng"));
    }

    @Test
    void tekken() throws Exception {
        Path tekken = TestData.resource("tekken/tekken.json").getParent();
        assertIds(tekken, tekken.resolve("tokens.json"), 1);
        Tokenizer tokenizer = Tokenizer.load(tekken);
        assertEquals(1244, tokenizer.vocabSize());
        assertEquals("Ünï 日本 🙂", tokenizer.decode(tokenizer.encode("Ünï 日本 🙂", false), false));
        assertArrayEquals(new int[] {3}, tokenizer.encode("[INST]", false));
        assertEquals("<SPECIAL_63>", tokenizer.piece(63));
        String chat = ChatTemplate.find(tekken).orElseThrow().render(Map.of("bos_token", "<s>", "eos_token", "</s>",
                "messages", List.of(Map.of("role", "system", "content", "S"), Map.of("role", "user", "content", "A"),
                Map.of("role", "assistant", "content", "B"), Map.of("role", "user", "content", "C"))));
        assertEquals("<s>[INST]A[/INST]B</s>[INST]S\n\nC[/INST]", chat);
    }

    @ParameterizedTest
    @CsvSource({"bpe, tokenizer.model, 1", "unigram, spiece.model, 1"})
    void sentencePiece(String kind, String name, int numAround) throws Exception {
        Path model = TestData.resource("sentencepiece/" + kind + ".model");
        Files.copy(model, folder.resolve(name));
        assertIds(folder, model.resolveSibling(kind + ".json"), numAround);
    }

    @Test
    void damagedFilesAreRefused() throws Exception {
        byte[] model = Files.readAllBytes(TestData.resource("sentencepiece/bpe.model"));
        for (int n = 0; n < model.length; n += 97) {
            Files.write(folder.resolve("tokenizer.model"), Arrays.copyOf(model, n));
            try {
                Tokenizer.load(folder);  // a file that ends between two pieces is whole
            } catch (CheckpointException e) {
                assertTrue(e.getMessage().contains("tokenizer.model"), e.getMessage());
            }
        }
        String tekken = Files.readString(TestData.resource("tekken/tekken.json"));
        for (String[] change : new String[][] {{"\\\\p{N}|", "|", "pattern"}, {"\"rank\":7,", "\"rank\":8,", "rank 8"},
            {"AA==", "*", "base64"}, {"\"default_vocab_size\":1244", "\"default_vocab_size\":9999", "1200 tokens"}}) {
            assertTrue(tekken.contains(change[0]), change[0]);
            Files.writeString(folder.resolve("tekken.json"), tekken.replace(change[0], change[1]));
            String message = assertThrows(CheckpointException.class, () -> Tokenizer.load(folder)).getMessage();
            assertTrue(message.contains(change[2]), message);
        }
    }
}
