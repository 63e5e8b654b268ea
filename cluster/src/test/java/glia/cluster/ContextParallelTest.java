package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeRun.Existing;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ranks that share the tokens of sequences train as one process does.
class ContextParallelTest {
    private static final String[] WORDS = {"steps=4", "batch.context=13", "optimizer.name=sgd",
        "optimizer.learning_rate=0.1", "optimizer.clip=.inf", "schedule.name=constant"};

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    private Outcome train(String output, int ranks, String... more) throws Exception {
        return TrainOnRanks.train(folder, output, ranks, Existing.REFUSE,
                Stream.concat(Arrays.stream(WORDS), Arrays.stream(more)).toArray(String[]::new));
    }

    /// The first loss has the bits of one process; gradients are sums of other parts.
    @ParameterizedTest
    @CsvSource({"2,gather", "3,gather", "2,ring", "4,ring", "3,striped"})
    void ranksShareSequences(int ranks, String method) throws Exception {
        Outcome one = train("one", 1);
        Outcome all = train("all", ranks, "parallel.context=" + ranks, "parallel.context_method=" + method);
        if (method.equals("gather")) {
            assertEquals(one.losses().getFirst(), all.losses().getFirst());
        }
        assertClose(one, all);
    }

    /// Micro-batches of groups of ranks, and shares of the optimizer's state.
    @Test
    void groupsShareMicroBatches() throws Exception {
        Outcome one = train("one", 1, "batch.accumulate=2");
        assertClose(one, train("all", 4, "parallel.context=2", "parallel.data=2", "parallel.shard=optimizer"));
    }

    private static void assertClose(Outcome one, Outcome all) {
        assertArrayEquals(one.losses().stream().mapToDouble(l -> l).toArray(),
                all.losses().stream().mapToDouble(l -> l).toArray(), 1e-6);
        DataParallelTest.assertClose(one, all, 2e-6);
    }

    /// Bytes of keys and values, of log-probabilities and of gradients are those of the formulas.
    @ParameterizedTest
    @ValueSource(strings = {"gather", "ring", "striped"})
    void bytesAreThoseOfTheFormulas(String method) throws Exception {
        int ranks = 3;
        String[] words = {"steps=1", "validate.every=0", "batch.context=12"};
        train("data-" + method, ranks, words);
        train("context-" + method, ranks, Stream.concat(Arrays.stream(words), Stream.of("parallel.context=3",
                "parallel.context_method=" + method)).toArray(String[]::new));
        int tokens = 2 * 12;
        long layer = 4L * tokens * 2 * 32;
        long attention = 2 * layer * (method.equals("gather") ? 3 * (ranks - 1) : 3 * ranks - 2);
        // Three columns: log-probability, log-sum-exp and entropy.
        long logProbs = 4L * tokens * 3 * (ranks - 1);
        double counted = TrainOnRanks.sent(folder, "context-" + method) - TrainOnRanks.sent(folder, "data-" + method);
        assertEquals(attention + logProbs, counted);
    }

    @Test
    void whatCannotBeSharedIsAnError() {
        CheckpointException uneven = assertThrows(CheckpointException.class, () -> train("a", 3, "parallel.context=2"));
        assertTrue(uneven.getMessage().contains("by which the 3 ranks cannot be divided"), uneven.getMessage());
        CheckpointException dropout = assertThrows(CheckpointException.class, () -> train("b", 2,
                "parallel.context=2", "model.dropout=0.1"));
        assertTrue(dropout.getMessage().contains("have no dropout"), dropout.getMessage());
        CheckpointException alone = assertThrows(CheckpointException.class, () -> train("c", 2, "parallel.context=2",
                "parallel.every=2"));
        assertTrue(alone.getMessage().contains("leave one of them out"), alone.getMessage());
        IllegalArgumentException few = assertThrows(IllegalArgumentException.class, () -> train("d", 3,
                "parallel.context=3", "batch.context=2", "batch.sequences=1"));
        assertTrue(few.getMessage().contains("without a token"), few.getMessage());
    }
}
