package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeRun.Existing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Training on several ranks has the bits of one process with as many micro-batches.
class DataParallelTest {
    private static final String OPTIMIZER = "%s/checkpoints/step-%08d/training/optimizer.safetensors";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void ranksTrainAsOneProcess(int ranks) throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=" + ranks);
        Outcome all = TrainOnRanks.train(folder, "all", ranks, Existing.REFUSE, "parallel.data=" + ranks);
        assertEquals(20, one.losses().size());
        assertEquals(one, all);
    }

    /// Each rank updates a part of the weights: of elements, and of whole matrices where the rule needs these.
    @ParameterizedTest
    @CsvSource({"optimizer,muon,3", "gradients,adamw,4", "gradients,adafactor,2"})
    void ranksShareTheOptimizer(String shard, String rule, int ranks) throws Exception {
        String[] words = {"optimizer.name=" + rule, "model.new.hidden=64", "steps=4"};
        Outcome one = train("one", 1, words, "batch.accumulate=" + 2 * ranks);
        Outcome all = train("all", ranks, words, "batch.accumulate=2", "parallel.shard=" + shard);
        assertEquals(one, all);
        assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("one", 4))),
                Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("all", 4))));
    }

    private Outcome train(String output, int ranks, String[] words, String... more) throws Exception {
        return TrainOnRanks.train(folder, output, ranks, Existing.REFUSE,
                Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new));
    }

    /// A run goes on with the same losses on another number of ranks, which share the optimizer or not.
    @Test
    void runsResumeOnOtherRanks() throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=8", "steps=6",
                "schedule.name=constant");
        List<Double> losses = new ArrayList<>();
        Outcome last = null;
        for (int[] part : new int[][] {{4, 2}, {2, 4}, {8, 6}}) {
            last = TrainOnRanks.train(folder, "parts", part[0], part[1] == 2 ? Existing.REFUSE : Existing.RESUME,
                    "batch.accumulate=" + 8 / part[0], "steps=" + part[1], "schedule.name=constant",
                    "parallel.shard=" + (part[0] == 2 ? "none" : "gradients"));
            losses.addAll(last.losses());
        }
        assertEquals(one.losses(), losses);
        assertEquals(one.weights(), last.weights());
    }

    /// All ranks together send each gradient to its owner, and each sum, or each weight, from it.
    @Test
    void bytesAreThoseOfTheFormula() throws Exception {
        for (String shard : List.of("none", "optimizer", "gradients")) {
            Outcome run = TrainOnRanks.train(folder, "bytes-" + shard, 3, Existing.REFUSE, "batch.accumulate=2",
                    "steps=2", "parallel.shard=" + shard);
            // No weight of this model has a size that is not a multiple of 16, except the embedding, which is last.
            long n = run.weights().values().stream().mapToLong(List::size).sum();
            assertEquals(2 * (2 + 1) * (3 - 1) * 4.0 * n, TrainOnRanks.sent.get("bytes-" + shard));
        }
    }

    /// Errors of one rank end all, and of several ranks one.
    @Test
    void layoutsThatDoNotFitAreErrors() {
        CheckpointException other = assertThrows(CheckpointException.class, () -> TrainOnRanks.train(folder, "a", 3,
                Existing.REFUSE, "parallel.data=2"));
        assertTrue(other.getMessage().contains("is 2, but there are 3 ranks"), other.getMessage());
        IllegalArgumentException version = assertThrows(IllegalArgumentException.class, () -> ThreadRanks.run(2, c ->
                Launch.runRank(c, "best", "version " + c.rank(), ranks -> 0)));
        assertTrue(version.getMessage().startsWith("rank 1 runs version 1, and rank 0 version 0"),
                version.getMessage());
    }

    /// Each rank has several micro-batches of a step, which are added in their order all the same.
    @Test
    void ranksAccumulate() throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=6", "steps=3");
        assertEquals(one, TrainOnRanks.train(folder, "two", 2, Existing.REFUSE, "batch.accumulate=3", "steps=3"));
        assertEquals(one, TrainOnRanks.train(folder, "three", 3, Existing.REFUSE, "batch.accumulate=2", "steps=3"));
        assertNotEquals(one, TrainOnRanks.train(folder, "other", 2, Existing.REFUSE, "batch.accumulate=2", "steps=3"));
    }
}
