package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RankLayout;
import glia.train.recipe.RecipeKeys.Shard;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RunTogether.Layout;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ranks that hold parts of the weights (`parallel.shard: weights`) train with the bits of one process.
class DividedWeightsTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    private Outcome train(String output, int ranks, String... words) throws Exception {
        return TrainOnRanks.train(folder, output, ranks, Existing.REFUSE, words);
    }

    /// With validation batches that the ranks do not divide, norms of weights, and tied embeddings.
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void ranksTrainAsOneProcess(int ranks) throws Exception {
        Outcome one = train("one", 1, "batch.accumulate=" + ranks);
        assertEquals(20, one.losses().size());
        assertEquals(one, train("all", ranks, "parallel.shard=weights"));
    }

    /// Rules that need whole matrices, several micro-batches of a rank, and layers that are computed twice.
    @ParameterizedTest
    @CsvSource({"muon,batch.activation_checkpointing=2", "adafactor,model.new.tie_word_embeddings=false"})
    void withOtherRulesAndLayers(String rule, String word) throws Exception {
        String[] words = {"steps=4", "model.new.hidden=64", "optimizer.name=" + rule, word};
        Outcome one = train("one", 1, with(words, "batch.accumulate=4"));
        assertEquals(one, train("all", 2, with(words, "batch.accumulate=2", "parallel.shard=weights")));
    }

    private static String[] with(String[] words, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(words));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void ranksOfAContextDivideWeights() throws Exception {
        Outcome whole = train("whole", 2, "steps=4", "parallel.context=2");
        assertEquals(whole, train("parts", 2, "steps=4", "parallel.context=2", "parallel.shard=weights"));
    }

    /// A pass gathers the weights forward and backward, and sends each gradient to its owner.
    @Test
    void bytesAreThoseOfTheFormula() throws Exception {
        Outcome run = train("bytes", 3, "batch.accumulate=2", "steps=2", "parallel.shard=weights", "validate.every=0",
                "report.norms_every=0", "model.new.tie_word_embeddings=false");
        long n = run.weights().values().stream().mapToLong(List::size).sum();
        assertEquals(2 * 3 * 2 * (3 - 1) * 4.0 * n, TrainOnRanks.sent(folder, "bytes"));
        assertEquals(3 * 2 * (3 - 1) * (4 * n / 3), new Layout(3, 2, Shard.WEIGHTS, 4 * n, 0).bytesSent());
    }

    /// Whole pages of what others own are zeros once the system has them back.
    @Test
    void aRankHoldsItsPart() {
        int size = 1 << 18;
        ThreadRanks.run(2, c -> {
            try (Arena arena = Arena.ofShared(); Workers workers = new Workers(1);
                    Gradients gradients = new Gradients();
                    DataParallel ranks = new DataParallel(c, KernelBackends.choose("best", workers).kernels())) {
                List<Weight.Stored> weights = IntStream.range(0, 4).mapToObj(i -> {
                    Tensor t = Tensor.allocate(arena, DType.F32, size);
                    t.memory().fill((byte) (i + 1));
                    return new Weight.Stored(t);
                }).toList();
                gradients.plan(weights, 4);
                ranks.shard(gradients, w -> false, true);
                ranks.divideWeights();
                gradients.buckets().forEach(b -> ranks.read(List.of(b)));
                int[] held = weights.stream().mapToInt(w -> (int) IntStream.range(0, size)
                        .filter(i -> w.tensor().get(i) != 0).count()).toArray();
                for (int i = 0; i < 2; i++) {
                    assertEquals(size / 2, held[i], 8192);
                }
                assertArrayEquals(new int[] {size, size}, Arrays.copyOfRange(held, 2, 4));
                ranks.read(List.of(gradients.buckets().getFirst()));
                assertTrue(IntStream.range(0, size).allMatch(i -> weights.getFirst().tensor().get(i)
                        == Float.intBitsToFloat(0x01010101)));
                ranks.gatherWeights();
                if (c.rank() == 0) {
                    weights.forEach(w -> assertTrue(IntStream.range(0, size).allMatch(i -> w.tensor().get(i) != 0)));
                }
            }
            return 0;
        });
        Layout layout = new Layout(4, 1, Shard.WEIGHTS, 1 << 30, 1 << 24);
        assertEquals((1 << 28) + (3 << 24) + 1000, layout.weightBytes((1 << 30) + 1000));
        assertTrue(new RankLayout(new RankLayout.Mesh(4, 1, 1, 1, false, 1, 1), 1, Shard.WEIGHTS,
                new TrainingMemory(0, 0, 0, 0), new RankLayout.Moved(0, 0, 0, 0)).toString()
                .endsWith(", sharing weights, gradients and the optimizer's state"));
    }

    /// The second pass finds each bucket but the first one gathered while it reads the one before.
    @Test
    void thePassBeforeSaysWhatIsReadNext() {
        ThreadRanks.run(2, c -> {
            try (Arena arena = Arena.ofShared(); Workers workers = new Workers(1);
                    Gradients gradients = new Gradients();
                    DataParallel ranks = new DataParallel(c, KernelBackends.choose("best", workers).kernels())) {
                long bytes = 4 << 15;
                List<Weight.Stored> weights = IntStream.range(0, 4).mapToObj(i -> {
                    Tensor t = Tensor.allocate(arena, DType.F32, 1 << 15);
                    t.memory().fill((byte) (i + 1));
                    return new Weight.Stored(t);
                }).toList();
                gradients.plan(weights, 4);
                ranks.shard(gradients, w -> false, true);
                ranks.divideWeights();
                List<Gradients.Bucket> buckets = gradients.buckets();
                for (int pass = 0; pass < 3; pass++) {
                    long before = c.bytesSent();
                    for (int i = 0; i < 4; i++) {
                        ranks.read(List.of(buckets.get(i)));
                        // Returns when nothing is on its way.
                        ranks.all();
                        int gathered = pass == 0 ? i + 1 : Math.min(4, i + 2);
                        assertEquals(gathered * bytes / 2, c.bytesSent() - before, "pass " + pass + ", bucket " + i);
                        assertEquals(Float.intBitsToFloat(0x01010101 * (i + 1)),
                                weights.get(i).tensor().get((1 << 15) - 1 - i));
                    }
                }
                // Another order: what was gathered ahead is not used.
                long before = c.bytesSent();
                for (int i : new int[] {0, 2, 1, 3}) {
                    ranks.read(List.of(buckets.get(i)));
                    ranks.all();
                    assertEquals(Float.intBitsToFloat(0x01010101 * (i + 1)), weights.get(i).tensor().get(i));
                }
                assertEquals(5 * bytes / 2, c.bytesSent() - before);
            }
            return 0;
        });
    }

    @ParameterizedTest
    @CsvSource({"optimizer.ema=0.9,with optimizer.ema", "bad_numbers=rollback,with bad_numbers: rollback",
        "model.new.family=mixtral,of a model with experts"})
    void whatCannotBeDividedIsNamed(String word, String reason) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> train("refused", 2,
                "parallel.shard=weights", "model.new.tie_word_embeddings=false", word));
        assertTrue(e.getMessage().contains("is weights, which ranks cannot divide " + reason), e.getMessage());
    }

    @Test
    void adaptersAndOtherTasksAreNamed() throws Exception {
        train("base", 1, "steps=1");
        String recipe = "{task: %s, model: {path: base/model}, data: {train: text.txt}, steps: 2%s}";
        for (String[] each : new String[][] {{"pretrain", ", adapter: {kind: lora}", "with an adapter"},
            {"distill", ", distill: {teacher: base/model}", "with task: distill"}}) {
            CheckpointException e = assertThrows(CheckpointException.class, () -> TrainOnRanks.train(folder,
                    recipe.formatted(each[0], each[1]), each[0], 2, Existing.REFUSE, "parallel.shard=weights",
                    "batch.context=16"));
            assertTrue(e.getMessage().contains("is weights, which ranks cannot divide " + each[2]), e.getMessage());
        }
    }
}
