package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.io.CheckpointException;
import glia.train.recipe.RecipeRun.Existing;
import java.io.IOException;
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
        String[] words = {"optimizer.name=" + rule, "model.new.hidden=64", "steps=4",
            "report.norms_every=2"};
        Outcome one = train("one", 1, words, "batch.accumulate=" + 2 * ranks);
        Outcome all = train("all", ranks, words, "batch.accumulate=2", "parallel.shard=" + shard);
        assertEquals(one, all);
        assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("one", 4))),
                Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("all", 4))));
    }

    /// Runs on the same ranks, such as the stages of a recipe, each with a layout of its own.
    @Test
    void runsFollowEachOther() throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=2", "steps=3");
        List<String> layouts = List.of("parallel.pipeline=2 batch.accumulate=2", "parallel.shard=gradients",
                "parallel.data=2");
        Launch.<IOException>run(2, "best", "1", System.err, rank -> {
            for (String layout : layouts) {
                TrainOnRanks.train(rank, folder, TrainOnRanks.RECIPE, layout, Existing.REFUSE, figures -> { },
                        (layout + " steps=3").split(" "));
            }
            return 0;
        });
        for (String layout : layouts) {
            assertEquals(one.weights(), TrainOnRanks.weights(folder.resolve(layout + "/model/model.safetensors")));
        }
    }

    private Outcome train(String output, int ranks, String[] words, String... more) throws Exception {
        return TrainOnRanks.train(folder, output, ranks, Existing.REFUSE,
                Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new));
    }

    /// Loads of experts are those of all ranks, by which biases move; only some ranks may choose an expert.
    @Test
    void expertsTrainAsOnOneProcess() throws Exception {
        String recipe = TrainOnRanks.RECIPE.replace("{family: llama, hidden: 32, layers: 2, heads: 2, context: 32, "
                + "tie_word_embeddings: true}", "{family: mixtral, hidden: 32, layers: 2, heads: 2, context: 32, "
                + "experts: 8}");
        String[] words = {"steps=3", "experts.balance=0.1", "batch.sequences=1"};
        Outcome one = TrainOnRanks.train(folder, recipe, "one", 1, Existing.REFUSE,
                Stream.concat(Arrays.stream(words), Stream.of("batch.accumulate=3")).toArray(String[]::new));
        assertEquals(one, TrainOnRanks.train(folder, recipe, "all", 3, Existing.REFUSE, words));
    }

    @Test
    void adaptersTrainAsOnOneProcess() throws Exception {
        train("base", 1, new String[] {"steps=1"});
        String recipe = """
                task: pretrain
                model: {path: base/model}
                data: {train: text.txt}
                batch: {context: 16, sequences: 2}
                adapter: {kind: lora, rank: 2, dropout: 0.1}
                steps: 4
                """;
        Outcome one = TrainOnRanks.train(folder, recipe, "one", 1, Existing.REFUSE, "batch.accumulate=2");
        assertEquals(one, TrainOnRanks.train(folder, recipe, "all", 2, Existing.REFUSE, "parallel.shard=gradients"));
    }

    /// DiLoCo: one inner step of SGD with plain averaging is a step of data parallel training, in another order of
    /// additions; and ranks have the same weights after each outer step.
    @Test
    void oneInnerStepIsDataParallel() throws Exception {
        String[] words = {"optimizer.name=sgd", "optimizer.momentum=0", "optimizer.weight_decay=0",
            "optimizer.clip=.inf", "optimizer.learning_rate=0.1", "steps=6", "schedule.name=constant"};
        Outcome sums = train("sums", 3, words);
        Outcome means = train("means", 3, words, "parallel.every=1", "parallel.outer_rate=1",
                "parallel.outer_momentum=0");
        assertClose(sums, means, 1e-6);
        Outcome three = train("three", 3, words, "parallel.every=3");
        assertTrue(three.losses().getLast() < three.losses().getFirst());
        assertNotEquals(sums.weights(), three.weights());
        assertEquals(three, train("again", 3, words, "parallel.every=3"));
    }

    /// Streaming DiLoCo, with messages of 8 or 4 bits: data parallel training but for rounding where each step is an
    /// outer step, and a run that repeats itself where messages are under way while ranks train.
    @Test
    void messagesOfFewBitsTrain() throws Exception {
        String[] words = {"optimizer.name=sgd", "optimizer.momentum=0", "optimizer.weight_decay=0",
            "optimizer.clip=.inf", "optimizer.learning_rate=0.1", "steps=6", "schedule.name=constant"};
        Outcome sums = train("sums", 3, words);
        assertClose(sums, train("bytes", 3, words, "parallel.every=1", "parallel.outer_rate=1",
                "parallel.outer_momentum=0", "parallel.outer_bits=8"), 2e-3);
        String[] streaming = {"parallel.every=4", "parallel.fragments=2", "parallel.overlap=1",
            "parallel.outer_bits=4"};
        Outcome streams = train("streams", 3, streaming);
        assertTrue(streams.losses().getLast() < 0.7 * streams.losses().getFirst(), streams.losses().toString());
        assertEquals(streams, train("again", 3, streaming));
        assertThrows(CheckpointException.class, () -> train("wrong", 3, new String[] {"parallel.every=4"},
                "parallel.overlap=4"));
        assertThrows(CheckpointException.class, () -> train("wrong", 3, new String[] {"parallel.every=4"},
                "parallel.outer_bits=5"));
    }

    /// Each rank goes on with the moments of its own.
    @Test
    void outerStepsResume() throws Exception {
        String[] words = {"parallel.every=2", "schedule.name=constant"};
        Outcome whole = train("whole", 3, words, "steps=6");
        Outcome first = train("parts", 3, words, "steps=4");
        Outcome second = TrainOnRanks.train(folder, "parts", 3, Existing.RESUME, "parallel.every=2",
                "schedule.name=constant", "steps=6");
        assertEquals(whole.losses(), Stream.concat(first.losses().stream(), second.losses().stream()).toList());
        assertEquals(whole.weights(), second.weights());
    }

    /// Asserts that each weight is within a tolerance.
    static void assertClose(Outcome expected, Outcome found, double tolerance) {
        expected.weights().forEach((name, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertEquals(values.get(i), found.weights().get(name).get(i), tolerance, name);
            }
        });
    }

    /// A run goes on with the same losses on another number of ranks, which share the optimizer, weights or nothing.
    @ParameterizedTest
    @CsvSource({"8,8,none,gradients", "12,3,gradients,weights"})
    void runsResumeOnOtherRanks(int microBatches, int lastRanks, String shardOfTwo, String shard) throws Exception {
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=" + microBatches,
                "steps=6", "schedule.name=constant");
        List<Double> losses = new ArrayList<>();
        Outcome last = null;
        for (int[] part : new int[][] {{4, 2}, {2, 4}, {lastRanks, 6}}) {
            last = TrainOnRanks.train(folder, "parts", part[0], part[1] == 2 ? Existing.REFUSE : Existing.RESUME,
                    "batch.accumulate=" + microBatches / part[0], "steps=" + part[1], "schedule.name=constant",
                    "parallel.shard=" + (part[0] == 2 ? shardOfTwo : shard));
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
            assertEquals(2 * (2 + 1) * (3 - 1) * 4.0 * n, TrainOnRanks.sent(folder, "bytes-" + shard));
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
