package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GgufTokenizerTest {
    private static final String KEY = "tokenizer.ggml.";

    private static Map<String, Object> byteLevel() {
        return TestData.byteLevelMetadata("smollm");
    }

    private static String refusal(Map<String, Object> metadata) {
        return assertThrows(CheckpointException.class, () -> Tokenizer.fromGguf(TestData.gguf(metadata))).getMessage();
    }

    private static String refusal(Map<String, Object> metadata, String key, Object value) {
        if (value == null) {
            metadata.remove(KEY + key);
        } else {
            metadata.put(KEY + key, value);
        }
        String message = refusal(metadata);
        assertTrue(message.startsWith("made.gguf: metadata key " + KEY + key + ": "), message);
        return message;
    }

    @Test
    void unsupportedTokenizersAreRefusedByName() {
        String message = refusal(byteLevel(), "pre", "command-r");
        assertTrue(message.contains("'command-r'") && message.contains("smollm, "), message);
        assertTrue(message.contains("deepseek-v3"), message);
        assertTrue(refusal(byteLevel(), "pre", null).contains("llama-bpe"));
        assertTrue(refusal(byteLevel(), "model", "rwkv")
                .contains("found 'rwkv', known are 'gpt2', 'llama', 'gemma4', 'bert' and 't5'"));
        assertTrue(refusal(byteLevel(), "model", null).contains("is missing"));
    }

    @Test
    void listsOfWrongLengthAreRefused() {
        assertTrue(refusal(byteLevel(), "tokens", new String[0]).contains("found 0 pieces"));
        assertTrue(refusal(byteLevel(), "tokens", null).contains("is missing"));
        assertTrue(refusal(byteLevel(), "token_type", new int[] {1}).contains("found 1 types"));
        assertTrue(refusal(byteLevel(), "merges", null).contains("is missing"));
        assertTrue(refusal(TestData.sentencePieceMetadata(), "scores", new float[3]).contains("found 3 scores"));
        assertTrue(refusal(byteLevel(), "eos_token_id", 100_000).contains("expected an id below"));
        Map<String, Object> noBos = byteLevel();
        noBos.remove(KEY + "bos_token_id");
        assertTrue(refusal(noBos, "add_bos_token", true).contains("does not name the token"));
        Map<String, Object> wrongMerge = byteLevel();
        wrongMerge.put(KEY + "merges", new String[] {"Ġ nosuchpiece"});
        assertTrue(refusal(wrongMerge).contains("nosuchpiece"));
        wrongMerge.put(KEY + "merges", new String[] {"nospace"});
        assertTrue(refusal(wrongMerge).contains("tokenizer: cannot be used"));
        Map<String, Object> longPiece = TestData.sentencePieceMetadata();
        String[] pieces = (String[]) longPiece.get(KEY + "tokens");
        pieces[300] = "x".repeat(ScoreMerges.MAX_PIECE + 1);
        assertTrue(refusal(longPiece).contains("piece 300 has 513 characters"));
    }

    @ParameterizedTest
    @CsvSource({"tokens, gpt2", "merges, gpt2", "tokens, llama", "tokens, bert"})
    void textsThatAreNotUtf8AreRefused(String list, String model, @TempDir Path folder) throws Exception {
        Map<String, Object> metadata = model.equals("llama") ? TestData.sentencePieceMetadata() : byteLevel();
        metadata.put(KEY + "model", model);
        String[] texts = ((String[]) metadata.get(KEY + list)).clone();
        texts[texts.length / 2] = "zqzq zqzq";
        metadata.put(KEY + list, texts);
        Path file = folder.resolve("damaged.gguf");
        GgufWriter.write(file, TestData.gguf(metadata), Map.of());
        String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
        Files.writeString(file, bytes.replace("zqzq zqzq", "zqzq \u00c3qzq"), StandardCharsets.ISO_8859_1);
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            String message = assertThrows(CheckpointException.class,
                    () -> Tokenizer.fromGguf(checkpoint.metadata())).getMessage();
            assertTrue(message.contains("metadata key " + KEY + list + ": contains a string that is not UTF-8"),
                    message);
        }
    }

    @Test
    void tokenTypesBecomeFlags() throws Exception {
        Map<String, Object> metadata = TestData.sentencePieceMetadata();
        int[] types = (int[]) metadata.get(KEY + "token_type");
        String[] pieces = (String[]) metadata.get(KEY + "tokens");
        int said = Arrays.asList(pieces).indexOf("▁said");
        int you = Arrays.asList(pieces).indexOf("▁you");
        Tokenizer before = Tokenizer.fromGguf(TestData.gguf(metadata));
        assertEquals(said, before.encode("said", false)[0]);
        // Unused: no merge results in it.
        types[said] = 5;
        // User-defined: matched in the original text, and not special.
        types[you] = 4;
        pieces[you] = "<you>";
        Tokenizer after = Tokenizer.fromGguf(TestData.gguf(metadata));
        assertFalse(Arrays.stream(after.encode("she said", false)).anyMatch(id -> id == said));
        assertEquals(you, after.encode("<you>", false)[0]);
        assertFalse(after.isSpecial(you));
        assertEquals("<you>", after.decode(new int[] {1, you}, true));
        // Unknown and control: special. The text of a byte token does not encode to it.
        assertTrue(after.isSpecial(0) && after.isSpecial(1) && after.isSpecial(2));
        assertArrayEquals(new int[] {1}, after.encode("<s>", false));
        assertFalse(after.isSpecial(13));
        assertEquals("\n", after.decode(new int[] {13}, true));
        assertFalse(Arrays.stream(after.encode("<0x0A>", false)).anyMatch(id -> id == 13));
        assertEquals("<0x0A>", after.decode(after.encode("<0x0A>", false), true));
    }

    @Test
    void aVocabularyWithoutTheSpacePrefix() throws Exception {
        Map<String, Object> metadata = TestData.sentencePieceMetadata();
        metadata.put(KEY + "add_space_prefix", false);
        metadata.put(KEY + "add_eos_token", true);
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(metadata));
        assertEquals(" a", tokenizer.decode(tokenizer.encode(" a", false), false));
        assertEquals("a", tokenizer.piece(tokenizer.encode("a", false)[0]));
        int[] ids = tokenizer.encode("a", true);
        assertEquals(1, ids[0]);
        assertEquals(2, ids[ids.length - 1]);
    }

    @ParameterizedTest
    @CsvSource({"smollm,false", "gpt-2,false", "qwen2,false", "llama-bpe,true", "llama3,true", "tekken,true",
        "gpt-4o,false", "deepseek-v3,false"})
    void bosIsAddedByTheFileOrByDefault(String name, boolean byDefault) throws Exception {
        Map<String, Object> metadata = TestData.byteLevelMetadata(name);
        assertEquals(byDefault, Tokenizer.fromGguf(TestData.gguf(metadata)).addsBos());
        metadata.put(KEY + "add_bos_token", !byDefault);
        Tokenizer told = Tokenizer.fromGguf(TestData.gguf(metadata));
        assertEquals(!byDefault, told.addsBos());
        assertEquals(byDefault ? 0 : 1, told.encode("", true).length);
    }

    @Test
    void tokensThatEndGeneration() throws Exception {
        Map<String, Object> metadata = byteLevel();
        String[] pieces = (String[]) metadata.get(KEY + "tokens");
        int[] types = (int[]) metadata.get(KEY + "token_type");
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(metadata));
        int end = tokenizer.id("<|im_end|>").getAsInt();
        int text = tokenizer.id("<|endoftext|>").getAsInt();
        assertEquals(Set.of(end, text), tokenizer.endOfGeneration());
        assertEquals(OptionalInt.of(end), tokenizer.eos());
        metadata.put(KEY + "eot_token_id", 7);
        assertEquals(Set.of(end, text, 7), Tokenizer.fromGguf(TestData.gguf(metadata)).endOfGeneration());
        // Only control tokens are recognized as end marks by their text.
        types[text] = 1;
        assertEquals(Set.of(end, 7), Tokenizer.fromGguf(TestData.gguf(metadata)).endOfGeneration());
        // In the harmony format <|end|> does not end generation.
        pieces[text] = "<|return|>";
        types[text] = 3;
        pieces[text - 1] = "<|end|>";
        types[text - 1] = 3;
        metadata.put(KEY + "merges", new String[0]);
        assertEquals(Set.of(end, text, 7), Tokenizer.fromGguf(TestData.gguf(metadata)).endOfGeneration());
    }

    /// The merges, in order, that Hugging Face's converter made for this vocabulary.
    @Test
    void mergesFromScoresAreThoseOfTheConverter() throws Exception {
        Map<String, Object> metadata = TestData.sentencePieceMetadata();
        JsonNode made = JsonMapper.shared().readTree(GgufTokenizer.read(TestData.gguf(metadata)).json());
        JsonNode merges = TestData.json(TestData.stories260K().resolve("tokenizer.json")).path("model").path("merges");
        assertEquals(merges.size(), made.path("model").path("merges").size());
        for (int i = 0; i < merges.size(); i++) {
            assertEquals(merges.path(i).path(0).asString() + " " + merges.path(i).path(1).asString(),
                    made.path("model").path("merges").path(i).asString());
        }
    }

    /// Randomly changed lists. If the native library read invalid ones, it would end this process.
    @Property(tries = 300)
    void changedListsAreRefusedOrWork(@ForAll long seed, @ForAll boolean sentencePiece) {
        Random random = new Random(seed);
        Map<String, Object> metadata = sentencePiece ? TestData.sentencePieceMetadata() : byteLevel();
        String[] pieces = (String[]) metadata.get(KEY + "tokens");
        String[] texts = {"", " ", "a", "<s>", "▁", "Ġ", "a b", "<0x0A>", "\0", "\uD83D\uDE42", "x".repeat(600),
            pieces[40]};
        for (int i = random.nextInt(6); i >= 0; i--) {
            int id = random.nextInt(4) == 0 ? random.nextInt(3) : random.nextInt(pieces.length);
            pieces[id] = texts[random.nextInt(texts.length)];
            ((int[]) metadata.get(KEY + "token_type"))[random.nextInt(pieces.length)] = random.nextInt(9) - 1;
            if (sentencePiece) {
                float[] scores = (float[]) metadata.get(KEY + "scores");
                scores[id] = new float[] {Float.NaN, Float.POSITIVE_INFINITY, 0, -0f}[random.nextInt(4)];
            } else if (i == 0) {
                String[] merges = (String[]) metadata.get(KEY + "merges");
                merges[random.nextInt(merges.length)] = texts[random.nextInt(texts.length)];
            }
        }
        try {
            Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(metadata));
            for (String text : List.of("", "a <s> \0\n", "\uD83D\uDE42 he said")) {
                tokenizer.decode(tokenizer.encode(text, true), false);
            }
        } catch (CheckpointException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }
}
