package glia.engine.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.model.layout.Pooling;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Vectors of long texts in pieces, against those of whole texts in one pass.
class LongTextTest {
    private static final String TEXT = "Once upon a time there was a little girl named Lily. ".repeat(20);

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void piecesGiveTheVectorOfTheWhole(Pooling pooling) throws IOException {
        try (LanguageModel model = LanguageModel.load("stories260K")) {
            Embedder embedder = new Embedder(model, EmbeddingConfig.of(pooling, true));
            assertTrue(embedder.hasPieces());
            int[] ids = Arrays.copyOf(model.tokenizer().encode(TEXT, true), 130);
            // The prompt of a text is not pooled.
            for (int firstPooled : new int[] {0, 70}) {
                Embedder.Input input = new Embedder.Input(ids, firstPooled, false);
                float[] whole = embedder.embed(List.of(input))[0];
                int numPieces = 0;
                try (Embedder.LongText text = embedder.begin(input, 64)) {
                    while (!text.isDone()) {
                        text.step();
                        numPieces++;
                        // Other texts use the model between two pieces.
                        embedder.embed(List.of(Embedder.Input.of(new int[] {1, 2, 3})));
                    }
                    assertArrayEquals(whole, text.result(), 1e-5f);
                }
                assertEquals(3, numPieces);
            }
            assertEquals(0, model.engine().stateBytes());
        }
    }

    @Test
    void textsThatCannotBeEmbeddedAreRefused() throws IOException {
        try (LanguageModel model = LanguageModel.load("stories260K")) {
            Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
            int tooMany = model.contextLength() + 1;
            assertThrows(IllegalArgumentException.class,
                    () -> embedder.begin(Embedder.Input.of(new int[tooMany]), 64));
            assertThrows(IllegalArgumentException.class, () -> embedder.begin(Embedder.Input.of(new int[0]), 64));
        }
    }
}
