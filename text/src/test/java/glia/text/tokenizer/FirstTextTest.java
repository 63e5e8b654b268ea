package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.io.json.JsonTree.JsonText;
import glia.text.tokenizer.TestData.Sample;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The tokenizer with the reduced vocabulary of a text gives the same ids as the one with the whole vocabulary.
class FirstTextTest {
    private static final String KEY = "tokenizer.ggml.";
    private static final String[] PRE_TOKENIZERS = {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken",
        "gpt-4o", "deepseek-v3", "deepseek-llm", "modern-bert"};

    private static int[] encodeFirst(GgufMetadata metadata, String text) throws CheckpointException {
        return Tokenizer.fromKnownGguf(metadata).encode(text, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-v3",
        "deepseek-llm"})
    void firstTextHasTheExpectedIds(String name) throws Exception {
        JsonNode fixture = TestData.json(TestData.resource("pretokenizers.json"));
        GgufMetadata metadata = TestData.gguf(TestData.byteLevelMetadata(name));
        List<String> texts = TestData.strings(fixture.path("texts"));
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            assertArrayEquals(TestData.ints(fixture.path("expected").path(name).path(i)),
                    encodeFirst(metadata, text), () -> name + " on " + JsonText.quote(text));
        }
    }

    @Test
    void idsAreThoseOfStories260K() throws Exception {
        for (Map<String, Object> metadata : List.of(TestData.sentencePieceMetadata(),
                TestData.characterPairsMetadata())) {
            boolean prefixed = metadata.get(KEY + "model").equals("llama");
            for (Sample sample : TestData.samples(TestData.stories260K().resolve("tokens.json"))) {
                // The other model does not prepend a space.
                String text = prefixed ? sample.text() : " " + sample.text();
                if (!sample.text().isEmpty() && !sample.text().startsWith("<")) {
                    assertArrayEquals(sample.ids(), encodeFirst(TestData.gguf(metadata), text), sample::toString);
                }
            }
        }
    }

    /// Pieces of the vocabulary, control tokens and unknown characters in random order.
    @Property(tries = 400)
    void reducedAndWholeVocabularyGiveTheSameIds(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        int kind = random.nextInt(PRE_TOKENIZERS.length + 3);
        Map<String, Object> metadata = kind < PRE_TOKENIZERS.length ? TestData.byteLevelMetadata(PRE_TOKENIZERS[kind])
                : kind == PRE_TOKENIZERS.length ? TestData.characterPairsMetadata() : TestData.sentencePieceMetadata();
        metadata.put(KEY + "add_space_prefix", random.nextBoolean());
        String[] pieces = (String[]) metadata.get(KEY + "tokens");
        String[] others = {" ", "  ", "\n", "▁", "Ġ", "\0", "é", "e\u0301", "日", "\uD83D\uDE42", "\uD83D", "<0x0A>",
            "<s>", "<|im_end|>", "1234", "'s", "\u00AD", "\u2126"};
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i >= 0; i--) {
            String piece = random.nextInt(3) == 0 ? others[random.nextInt(others.length)]
                    : pieces[random.nextInt(pieces.length)].replace('Ġ', ' ').replace('▁', ' ');
            text.append(piece);
        }
        GgufMetadata gguf = TestData.gguf(metadata);
        assertArrayEquals(Tokenizer.fromGguf(gguf).encode(text.toString(), false), encodeFirst(gguf, text.toString()),
                () -> metadata.get(KEY + "model") + " " + metadata.get(KEY + "pre") + " on "
                        + JsonText.quote(text.toString()));
    }

    @Test
    void laterAndLongTextsUseTheWholeVocabulary() throws Exception {
        Map<String, Object> metadata = TestData.byteLevelMetadata("smollm");
        Tokenizer whole = Tokenizer.fromGguf(TestData.gguf(metadata));
        Tokenizer known = Tokenizer.fromKnownGguf(TestData.gguf(metadata));
        for (String text : List.of("a", "Once upon a time", "other words", "", "Once upon a time ".repeat(1000))) {
            assertArrayEquals(whole.encode(text, true), known.encode(text, true));
        }
        String text = "Once upon a time ".repeat(1000);
        Tokenizer other = Tokenizer.fromKnownGguf(TestData.gguf(metadata));
        assertArrayEquals(whole.encode(text, true), other.encode(text, true));
        Tokenizer prepared = Tokenizer.fromKnownGguf(TestData.gguf(metadata));
        prepared.prepare();
        assertEquals("Once", prepared.decode(prepared.encode("Once", false), false));
    }

    /// Loading is faster only if few of 50,000 pieces are needed.
    @Test
    void reducedVocabularyIsSmall() throws Exception {
        TokenizerSource source = GgufTokenizer.read(TestData.gguf(TestData.byteLevelMetadata("smollm"))).source();
        String own = source.forText("Once").orElseThrow();
        assertTrue(own.length() < source.whole().length() / 4, own.length() + " of " + source.whole().length());
        assertTrue(JsonMapper.shared().readTree(own).path("model").path("vocab").has("O"), own);
    }

    /// A file that was checked before may have been changed since.
    @Test
    void invalidEntriesOutsideTheReducedVocabularyFailTheSecondText() throws Exception {
        Map<String, Object> metadata = TestData.byteLevelMetadata("smollm");
        String[] merges = ((String[]) metadata.get(KEY + "merges")).clone();
        merges[0] = "z nosuchpiece";
        metadata.put(KEY + "merges", merges);
        Tokenizer known = Tokenizer.fromKnownGguf(TestData.gguf(metadata));
        assertFalse(Arrays.equals(new int[0], known.encode("a", false)));
        String message = assertThrows(UncheckedIOException.class, () -> known.encode("a", false)).getMessage();
        assertTrue(message.contains("made.gguf: tokenizer: cannot be used: ") && message.contains("nosuchpiece"),
                message);
        UncheckedIOException met = assertThrows(UncheckedIOException.class,
                () -> encodeFirst(TestData.gguf(metadata), "znosuchpiece"));
        assertTrue(met.getMessage().contains("cannot be used"), met.getMessage());
    }
}
