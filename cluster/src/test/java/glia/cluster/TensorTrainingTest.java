package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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

/// Ranks that have some heads and columns of MLPs each train with the bits of one process that adds in the same order.
class TensorTrainingTest {
    private static final String OPTIMIZER = "%s/checkpoints/step-%08d/training/optimizer.safetensors";
    private static final String LLAMA = "family: llama, hidden: 64, layers: 2, heads: 8, kv-heads: 4, mlp: 172";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    private Outcome train(String model, String output, int ranks, Existing existing, String... words)
            throws Exception {
        return TrainOnRanks.train(folder, TrainOnRanks.RECIPE.replaceAll("family: llama.*true", model
                + ", context: 32"), output, ranks, existing, words);
    }

    private Outcome train(String model, String output, int ranks, String... words) throws Exception {
        return train(model, output, ranks, Existing.REFUSE, words);
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new);
    }

    /// Clipping, validation, norms of weights and the optimizer's state are the same, too.
    @ParameterizedTest
    @ValueSource(strings = {LLAMA + ", tie_word_embeddings: true", LLAMA})
    void ranksTrainAsOneProcess(String model) throws Exception {
        String[] words = {"steps=6", "optimizer.clip=0.5", "model.dropout=0.1"};
        Outcome one = train(model, "1", 1, with(words, "parallel.tensor=1"));
        assertEquals(6, one.losses().size());
        for (int ranks = 2; ranks <= 8; ranks *= 2) {
            for (boolean sequence : new boolean[] {false, true}) {
                String name = ranks + " " + sequence;
                assertSame(one, train(model, name, ranks, with(words, "parallel.tensor=" + ranks,
                        "parallel.sequence=" + sequence)));
                assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("1", 6))),
                        Files.readAllBytes(folder.resolve(OPTIMIZER.formatted(name, 6))));
            }
        }
    }

    /// Kernels may choose by the numbers of heads, columns and sequences how they add.
    @Test
    void largerBatches() throws Exception {
        String[] words = {"steps=2", "batch.context=100", "batch.sequences=4", "model.new.context=128",
            "model.new.hidden=128", "validate.every=0"};
        Outcome one = train(LLAMA, "1", 1, with(words, "parallel.tensor=1"));
        for (int ranks = 2; ranks <= 8; ranks *= 2) {
            assertSame(one, train(LLAMA, "all" + ranks, ranks, with(words, "parallel.tensor=" + ranks,
                    "parallel.sequence=true")));
        }
    }

    /// Without parallel.tensor sums are others.
    @Test
    void sumsAreThoseOfOneProcessButForRounding() throws Exception {
        String[] words = {"steps=4", "optimizer.name=sgd", "optimizer.learning_rate=0.1", "optimizer.clip=.inf",
            "schedule.name=constant"};
        DataParallelTest.assertClose(train(LLAMA, "one", 1, words),
                train(LLAMA, "all", 2, with(words, "parallel.tensor=2")), 2e-6);
    }

    /// Biases and learned positions; norms of heads; heads that ranks do not divide. Activations are recomputed.
    @ParameterizedTest
    @ValueSource(strings = {"family: gpt2, hidden: 64, layers: 2, heads: 8",
        "family: qwen3, hidden: 64, layers: 2, heads: 8, kv-heads: 4",
        "family: llama, hidden: 48, layers: 2, heads: 6, kv-heads: 2",
        "family: gemma2, hidden: 64, layers: 2, heads: 4, kv-heads: 4",
        "family: olmo2, hidden: 64, layers: 2, heads: 4",
        "family: cohere, hidden: 64, layers: 2, heads: 4", "family: gpt_neox, hidden: 64, layers: 2, heads: 4"})
    void modelsOfOtherKinds(String model) throws Exception {
        String[] words = {"steps=3", "batch.activation_checkpointing=1"};
        Outcome one = train(model, "one", 1, with(words, "parallel.tensor=1"));
        assertSame(one, train(model, "all", 4, with(words, "parallel.tensor=4")));
        assertSame(one, train(model, "rows", 4, with(words, "parallel.tensor=4", "parallel.sequence=true")));
        String[] slow = with(words, "optimizer.name=sgd", "optimizer.learning_rate=0.1", "optimizer.clip=.inf");
        DataParallelTest.assertClose(train(model, "plain", 1, slow), train(model, "near", 2, with(slow,
                "parallel.tensor=2")), 1e-5);
    }

    /// Groups of ranks with micro-batches, layers and tokens of their own.
    @ParameterizedTest
    @CsvSource({"4,none,1,1,false", "8,gradients,1,1,true", "4,none,2,1,false", "8,optimizer,2,1,true",
        "4,none,1,2,true"})
    void ranksThatShareOtherThingsToo(int ranks, String shard, int pipeline, int context, boolean sequence)
            throws Exception {
        String[] words = {"steps=3", "model.new.hidden=64"};
        int data = ranks / 2 / pipeline / context;
        String accumulate = "batch.accumulate=" + 4 / data;
        Outcome one = context == 1 ? train(LLAMA, "one", 1, with(words, "parallel.tensor=1", "batch.accumulate=4"))
                : train(LLAMA, "one", context, with(words, "parallel.tensor=1", "parallel.context=" + context,
                        accumulate));
        assertSame(one, train(LLAMA, "all", ranks, with(words, "parallel.tensor=2", "parallel.shard=" + shard,
                "parallel.pipeline=" + pipeline, "parallel.context=" + context, "parallel.sequence=" + sequence,
                accumulate)));
    }

    /// A run goes on with the same losses on another layout.
    @Test
    void runsResumeOnOtherLayouts() throws Exception {
        String[] words = {"schedule.name=constant", "batch.accumulate=2"};
        Outcome one = train(LLAMA, "one", 1, with(words, "parallel.tensor=1", "steps=6"));
        List<Double> losses = new ArrayList<>();
        Outcome last = null;
        for (String part : List.of("4,4", "1,1", "4,2")) {
            int[] layout = Arrays.stream(part.split(",")).mapToInt(Integer::parseInt).toArray();
            last = train(LLAMA, "parts", layout[0], losses.isEmpty() ? Existing.REFUSE : Existing.RESUME, with(words,
                    "batch.accumulate=" + 2 * layout[1] / layout[0], "steps=" + (2 + losses.size()),
                    "parallel.tensor=" + layout[1]));
            losses.addAll(last.losses());
        }
        assertEquals(one.losses(), losses);
        assertEquals(one.weights(), last.weights());
    }

    /// Two sums of each layer forward, two backward.
    @Test
    void bytesAreThoseOfTheFormula() throws Exception {
        String[] words = {"steps=1", "validate.every=0", "report.norms_every=0", "batch.accumulate=3",
            "parallel.tensor=4"};
        train(LLAMA, "bytes-tensor", 4, words);
        int tokens = 2 * 16;
        assertEquals(3 * 2 * 4 * 2 * (4 - 1) * 4L * tokens * 64, TrainOnRanks.sent(folder, "bytes-tensor"));
        assertEquals(TrainOnRanks.sent(folder, "bytes-tensor"), TrainOnRanks.predicted(folder,
                ExpertParallelTest.recipe(LLAMA), "one", with(words, "parallel.data=1")));
        String[] rows = with(words, "parallel.sequence=true");
        train(LLAMA, "bytes-sequence", 4, rows);
        // The same for products, and for embeddings and the head; gradients of norms.
        assertEquals(3 * ((2 * 4 * 2 + 2) * (4 - 1) * 4L * tokens * 64 + 2 * 2 * 2 * (4 - 1) * 4L * 64),
                TrainOnRanks.sent(folder, "bytes-sequence"));
        assertEquals(TrainOnRanks.sent(folder, "bytes-sequence"), TrainOnRanks.predicted(folder,
                ExpertParallelTest.recipe(LLAMA), "two", with(rows, "parallel.data=1")));
    }

    @Test
    void whatCannotBeDividedIsAnError() {
        assertError("parallel.tensor: is 3", LLAMA, 3, "parallel.tensor=3");
        assertError("expected 1, 2, 4 or 8", LLAMA, 3, "parallel.tensor=3");
        assertError("by which the 3 ranks cannot be divided", LLAMA, 3, "parallel.tensor=2");
        assertError("updates matrices as wholes", LLAMA, 2, "parallel.tensor=2", "optimizer.name=muon");
        assertError("leave one of them out", LLAMA, 2, "parallel.tensor=2", "parallel.shard=weights");
        assertError("is set without parallel.tensor", LLAMA, 2, "parallel.sequence=true");
        assertError("of a model with experts", "family: mixtral, hidden: 32, layers: 2, heads: 2, experts: 4", 2,
                "parallel.shard=weights");
    }

    /// Names what differs.
    static void assertSame(Outcome one, Outcome all) {
        assertEquals(one.losses(), all.losses());
        assertEquals(one.weights().keySet(), all.weights().keySet());
        one.weights().forEach((name, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertEquals(values.get(i), all.weights().get(name).get(i), name + " " + i);
            }
        });
        assertEquals(one.norms(), all.norms());
    }

    private void assertError(String expected, String model, int ranks, String... words) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> train(model, "a", ranks, words));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
