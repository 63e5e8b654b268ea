package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import glia.cluster.TrainOnRanks.Outcome;
import glia.train.recipe.RecipeRun.Existing;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Training on several ranks has the bits of one process with as many micro-batches.
class DataParallelTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void ranksTrainAsOneProcess(int ranks) throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=" + ranks);
        Outcome all = TrainOnRanks.train(folder, "all", ranks, Existing.REFUSE, "parallel.data=" + ranks);
        assertEquals(20, one.losses().size());
        assertEquals(one, all);
    }

    /// Each rank has several micro-batches of a step, which are added in their order all the same.
    @Test
    void ranksAccumulate() throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=6", "steps=6");
        assertEquals(one, TrainOnRanks.train(folder, "two", 2, Existing.REFUSE, "batch.accumulate=3", "steps=6"));
        assertEquals(one, TrainOnRanks.train(folder, "three", 3, Existing.REFUSE, "batch.accumulate=2", "steps=6"));
        assertNotEquals(one, TrainOnRanks.train(folder, "other", 2, Existing.REFUSE, "batch.accumulate=2", "steps=6"));
    }
}
