package glia.engine.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.GenerationRequest;
import glia.engine.score.PromptScorer.Score;
import glia.engine.state.ContextFullException;
import glia.engine.state.Sequence;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Log-probabilities of texts, against the logits of each prefix computed alone.
class PromptScorerTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        model = LanguageModel.load("stories260K");
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /// Texts that fill more than two passes, with lengths around the bounds of passes.
    private static List<int[]> texts() {
        int[] whole = model.tokenizer().encode("Once upon a time there was a little girl named Lily. ".repeat(40),
                true);
        List<int[]> texts = new ArrayList<>();
        for (int length : new int[] {1, 2, 100, 511, 1, 300, 3}) {
            texts.add(Arrays.copyOf(whole, length));
        }
        return texts;
    }

    @Test
    void equalsTheLogitsOfEachPrefix() {
        List<int[]> texts = texts();
        List<Score> scores = new PromptScorer(model).score(texts, 2, () -> true);
        assertEquals(texts.size(), scores.size());
        for (int t = 0; t < texts.size(); t++) {
            int[] ids = texts.get(t);
            Score score = scores.get(t);
            assertEquals(ids.length, score.logProbabilities().length);
            assertTrue(Float.isNaN(score.logProbabilities()[0]));
            assertTrue(score.alternatives().getFirst().isEmpty());
            for (int i = 1; i < ids.length; i += 37) {
                int[] prefix = Arrays.copyOf(ids, i);
                int place = i;
                model.scheduler().whilePaused(() -> {
                    try (Sequence sequence = model.engine().open()) {
                        Tensor logits = model.engine().prefill(sequence, prefix, 0, prefix.length, () -> false);
                        double sum = 0;
                        int best = 0;
                        for (int v = 0; v < logits.cols(); v++) {
                            sum += Math.exp(logits.get(v));
                            best = logits.get(v) > logits.get(best) ? v : best;
                        }
                        assertEquals(logits.get(ids[place]) - Math.log(sum), score.logProbabilities()[place], 1e-3);
                        assertEquals(best, score.alternatives().get(place).getFirst().token());
                        assertEquals(2, score.alternatives().get(place).size());
                    }
                    return null;
                });
            }
        }
    }

    @Test
    void othersAreServedBetweenTwoPasses() {
        List<Completion> made = new ArrayList<>();
        new PromptScorer(model).score(texts(), 0, () -> {
            made.add(model.scheduler().submit(GenerationRequest.of(1, 403).sampling(SamplingOptions.greedy())
                    .maxTokens(2).build()).await().getFirst());
            return true;
        });
        assertTrue(made.size() >= 2, "passes: " + made.size());
        made.forEach(completion -> assertEquals(2, completion.tokens().length));
    }

    @Test
    void anEarlyEndFreesTheMemory() {
        long before = model.engine().stateBytes();
        int[] calls = {0};
        List<Score> scores = new PromptScorer(model).score(texts(), 0, () -> calls[0]++ == 0);
        assertTrue(Float.isNaN(scores.get(5).logProbabilities()[200]));
        assertEquals(before, model.engine().stateBytes());
    }

    @Test
    void wrongTextsAreRefused() {
        PromptScorer scorer = new PromptScorer(model);
        assertThrows(IllegalArgumentException.class, () -> scorer.score(List.of(new int[0]), 0, () -> true));
        assertThrows(IllegalArgumentException.class, () -> scorer.score(List.of(new int[] {1, 512}), 0, () -> true));
        assertThrows(IllegalArgumentException.class, () -> scorer.score(List.of(new int[] {-1}), 0, () -> true));
        assertThrows(ContextFullException.class,
                () -> scorer.score(List.of(new int[model.contextLength() + 1]), 0, () -> true));
    }
}
