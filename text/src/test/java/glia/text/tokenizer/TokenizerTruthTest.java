package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.HubSettings;
import glia.io.json.JsonTree.JsonText;
import glia.text.tokenizer.TestData.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Compares ids and texts with those of Hugging Face's tokenizers.
class TokenizerTruthTest {
    private static void assertHolds(Tokenizer tokenizer, List<Sample> samples) {
        assertFalse(samples.isEmpty());
        for (Sample sample : samples) {
            assertArrayEquals(sample.ids(), tokenizer.encode(sample.text(), false), sample::toString);
            assertEquals(sample.text(), tokenizer.decode(sample.ids(), false));
        }
    }

    @Test
    void stories260KFromItsFolder() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        assertHolds(tokenizer, TestData.samples(TestData.stories260K().resolve("tokens.json")));
        assertEquals(512, tokenizer.vocabSize());
        assertEquals(OptionalInt.of(1), tokenizer.bos());
        assertEquals(OptionalInt.of(2), tokenizer.eos());
        assertEquals(Set.of(2), tokenizer.endOfGeneration());
        assertTrue(tokenizer.addsBos());
        assertArrayEquals(new int[] {1}, tokenizer.encode("", true));
        assertEquals(1, tokenizer.encode("Once", true)[0]);
    }

    @Test
    void stories260KFromScores() throws Exception {
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(TestData.sentencePieceMetadata()));
        assertHolds(tokenizer, TestData.samples(TestData.stories260K().resolve("tokens.json")));
        assertTrue(tokenizer.addsBos());
        assertArrayEquals(new int[] {1}, tokenizer.encode("", true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-v3",
        "deepseek-llm"})
    void preTokenizersSplitLikeTheReference(String name) throws Exception {
        JsonNode fixture = TestData.json(TestData.resource("pretokenizers.json"));
        List<String> texts = TestData.strings(fixture.path("texts"));
        Tokenizer tokenizer = Tokenizer.fromGguf(TestData.gguf(TestData.byteLevelMetadata(name)));
        assertEquals(80, texts.size());
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            int[] ids = TestData.ints(fixture.path("expected").path(name).path(i));
            assertArrayEquals(ids, tokenizer.encode(text, false), () -> name + " on " + JsonText.quote(text));
            if (!name.startsWith("qwen") || java.text.Normalizer.isNormalized(text, java.text.Normalizer.Form.NFC)) {
                assertEquals(text, tokenizer.decode(ids, false));
            }
        }
    }

    private static Optional<Path> smolLm2() throws IOException {
        if (System.getenv("GLIA_SMOLLM2") != null) {
            return Optional.of(Path.of(System.getenv("GLIA_SMOLLM2")));
        }
        Path cache = HubSettings.gliaCacheFolder();
        if (!Files.isDirectory(cache)) {
            return Optional.empty();
        }
        try (Stream<Path> found = Files.find(cache, 6, (path, attributes) -> attributes.isRegularFile()
                && path.getFileName().toString().equals("SmolLM2-135M-Instruct.Q4_1.gguf"))) {
            return found.findFirst();
        }
    }

    @Test
    void smolLm2FromItsGguf() throws Exception {
        Optional<Path> file = smolLm2();
        assumeTrue(file.isPresent(), "SmolLM2-135M-Instruct is not tested: GLIA_SMOLLM2 names no GGUF file, and "
                + "it is not in Glia's cache");
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file.get())) {
            Tokenizer tokenizer = Tokenizer.fromGguf(checkpoint.metadata());
            assertHolds(tokenizer, TestData.samples(TestData.resource("smollm2/tokens.json")));
            assertEquals(49152, tokenizer.vocabSize());
            assertEquals(Set.of(0, 2), tokenizer.endOfGeneration());
            assertFalse(tokenizer.addsBos());
            for (Sample sample : TestData.samples(TestData.resource("smollm2/tokens.json"))) {
                Tokenizer known = Tokenizer.fromKnownGguf(checkpoint.metadata());
                assertArrayEquals(sample.ids(), known.encode(sample.text(), false), sample::toString);
            }
        }
    }
}
