package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.model.layout.Pooling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Hidden states of texts in pieces, against those of whole texts in one pass.
class HiddenStatesTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        model = LanguageModel.load("stories260K");
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<int[]> texts() {
        int[] ids = model.tokenizer().encode("Once upon a time there was a girl named Lily. ".repeat(20), true);
        return List.of(Arrays.copyOf(ids, 130), Arrays.copyOf(ids, 3), Arrays.copyOf(ids, 64), Arrays.copyOf(ids, 65));
    }

    /// The states by text and position; the passes that were begun.
    private static int read(int passTokens, boolean isLast, List<float[][]> states) {
        texts().forEach(ids -> states.add(new float[ids.length][]));
        int[] numPasses = {0};
        new HiddenStates(model, passTokens).read(texts(), isLast, "a", () -> ++numPasses[0] > 0,
                (hidden, row, text, position) -> {
                    float[] values = new float[hidden.cols()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = hidden.get((long) row * values.length + i);
                    }
                    states.get(text)[position] = values;
                });
        return numPasses[0];
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void piecesHaveTheStatesOfTheWhole(boolean isLast) {
        List<float[][]> whole = new ArrayList<>();
        List<float[][]> pieces = new ArrayList<>();
        assertEquals(1, read(1000, isLast, whole));
        assertTrue(read(64, isLast, pieces) >= 2 + 2 + 3, "no pass has more than 64 tokens");
        for (int text = 0; text < whole.size(); text++) {
            int length = whole.get(text).length;
            for (int n = 0; n < length; n++) {
                assertEquals(isLast && n < length - 1, whole.get(text)[n] == null);
                assertArrayEquals(whole.get(text)[n], pieces.get(text)[n], 1e-4f);
            }
        }
        assertEquals(0, model.engine().stateBytes());
    }

    /// Texts are embedded beside streams, whose passes use the same memory.
    @Test
    void streamsDoNotChangeTheStates() {
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
        List<Embedder.Input> inputs = texts().stream().map(Embedder.Input::of).toList();
        float[][] alone = embedder.embed(inputs);
        Generation stream = model.scheduler().submit(GenerationRequest.of(1, 403).maxTokens(400).build());
        for (int i = 0; i < 5; i++) {
            float[][] beside = embedder.embed(inputs);
            for (int text = 0; text < alone.length; text++) {
                assertArrayEquals(alone[text], beside[text], 1e-5f);
            }
        }
        stream.cancel();
        stream.await();
    }

    @Test
    void anEarlyEndFreesTheMemory() {
        int[] calls = {0};
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
        float[][] vectors = embedder.embed(List.of(Embedder.Input.of(new int[400]), Embedder.Input.of(new int[9])),
                "a", () -> calls[0]++ < 2);
        assertNull(vectors[0]);
        assertEquals(64, vectors[1].length);
        assertEquals(0, model.engine().stateBytes());
    }

    @Test
    void textsThatCannotBeEmbeddedAreRefused() {
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
        for (int length : new int[] {0, model.contextLength() + 1}) {
            assertThrows(IllegalArgumentException.class,
                    () -> embedder.embed(List.of(Embedder.Input.of(new int[length]))));
        }
    }
}
