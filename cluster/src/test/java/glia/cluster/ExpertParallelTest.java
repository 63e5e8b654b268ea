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

/// Ranks that have some experts each train with the bits of one process.
class ExpertParallelTest {
    private static final String OPTIMIZER = "%s/checkpoints/step-%08d/training/optimizer.safetensors";
    private static final String MIXTRAL = "family: mixtral, hidden: 32, layers: 2, heads: 2, experts: 8";
    private static final String QWEN = "family: qwen2_moe, hidden: 32, layers: 2, heads: 2, experts: 16";
    /// A layer without experts, one with groups of them, whose routers have biases without gradients.
    private static final String DEEPSEEK = "family: deepseek_v3, hidden: 32, layers: 2, heads: 2, experts: 16, "
            + "groups: 4, kept-groups: 2";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    private Outcome train(String model, String output, int ranks, Existing existing, String... words)
            throws Exception {
        return TrainOnRanks.train(folder, recipe(model), output, ranks, existing, words);
    }

    static String recipe(String model) {
        return TrainOnRanks.RECIPE.replaceAll("family: llama.*true", model + ", context: 32");
    }

    private Outcome train(String model, String output, int ranks, String... words) throws Exception {
        return train(model, output, ranks, Existing.REFUSE, words);
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new);
    }

    /// Clipping, validation, norms, biases of routers, losses that balance them and the optimizer's state are the same,
    /// too.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {MIXTRAL + "|2|1|none|experts.balance=0.1",
        MIXTRAL + "|2|2|gradients|optimizer.name=muon", QWEN + "|4|1|none|model.dropout=0.1",
        DEEPSEEK + "|2|1|optimizer|experts.bias_rate=0.01", MIXTRAL + "|2|2|weights|experts.balance=0.1",
        DEEPSEEK + "|4|1|weights|experts.bias_rate=0.01", DEEPSEEK + "|4|2|none|batch.activation_checkpointing=1"})
    void ranksTrainAsOneProcess(String model, int size, int data, String shard, String word) throws Exception {
        String[] words = {"steps=4", "optimizer.clip=0.5", "report.norms_every=2", "validate.every=2",
            "batch.sequences=1", word};
        int ranks = size * data;
        Outcome one = train(model, "one", 1, with(words, "batch.accumulate=" + 2 * ranks));
        assertEquals(4, one.losses().size());
        TensorTrainingTest.assertSame(one, train(model, "all", ranks, with(words, "batch.accumulate=2",
                "parallel.expert=" + size, "parallel.shard=" + shard)));
        assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("one", 4))),
                Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("all", 4))));
    }

    /// Weighted inputs; biases and limits; BF16; other numbers of tokens, by which kernels may choose how they add.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"llama4_text|8|model.new.layers=2", "gpt_oss|8|batch.context=100",
        "qwen3_moe|4|precision=bf16", "mixtral|4|batch.sequences=5"})
    void modelsOfOtherKinds(String family, int experts, String word) throws Exception {
        String model = "family: " + family + ", hidden: 64, layers: 2, heads: 2, experts: " + experts;
        String[] words = {"steps=2", "validate.every=0", "model.new.context=128", word};
        Outcome one = train(model, "one", 1, with(words, "batch.accumulate=4"));
        TensorTrainingTest.assertSame(one, train(model, "all", 4, with(words, "parallel.expert=4")));
    }

    /// Stages of ranks that divide the experts of their layers, or have all.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {MIXTRAL + "|1|2|none", MIXTRAL + "|2|4|none", MIXTRAL + "|2|8|gradients",
        DEEPSEEK + "|4|8|optimizer"})
    void stagesDivideExpertsToo(String model, int size, int ranks, String shard) throws Exception {
        String[] words = {"steps=3", "validate.every=2", "batch.sequences=1", "optimizer.clip=0.5"};
        Outcome one = train(model, "one", 1, with(words, "batch.accumulate=" + ranks));
        Outcome all = train(model, "all", ranks, with(words, "batch.accumulate=2", "parallel.pipeline=2",
                "parallel.expert=" + size, "parallel.shard=" + shard));
        assertEquals(one.losses(), all.losses());
        assertEquals(one.weights(), all.weights());
        assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("one", 3))),
                Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("all", 3))));
    }

    /// Ranks with some heads each have all experts, or some, and perhaps some layers.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {MIXTRAL + "|1|1|parallel.sequence=true", MIXTRAL + "|2|1|experts.balance=0.1",
        DEEPSEEK + "|4|1|experts.bias_rate=0.01", MIXTRAL + "|2|2|parallel.shard=gradients"})
    void ranksDivideHeadsToo(String model, int experts, int stages, String word) throws Exception {
        String[] words = {"steps=3", "validate.every=2", "batch.sequences=1", "report.norms_every=0", word};
        Outcome one = train(model, "one", 1, with(words, "batch.accumulate=4", "parallel.tensor=1"));
        Outcome all = train(model, "all", 2 * experts * stages, with(words, "parallel.tensor=2",
                "batch.accumulate=" + 4 / experts, "parallel.expert=" + experts, "parallel.pipeline=" + stages));
        assertEquals(one.losses(), all.losses());
        assertEquals(one.weights(), all.weights());
    }

    /// A run goes on with the same losses on another layout.
    @Test
    void runsResumeOnOtherLayouts() throws Exception {
        String[] words = {"schedule.name=constant", "save.result=last", "experts.bias_rate=0.01"};
        Outcome one = train(DEEPSEEK, "one", 1, with(words, "batch.accumulate=4", "steps=8"));
        List<Double> losses = new ArrayList<>();
        Outcome last = null;
        for (String part : List.of("4,4", "1,1", "2,1", "4,2")) {
            int[] layout = Arrays.stream(part.split(",")).mapToInt(Integer::parseInt).toArray();
            last = train(DEEPSEEK, "parts", layout[0], losses.isEmpty() ? Existing.REFUSE : Existing.RESUME, with(words,
                    "batch.accumulate=" + 4 / layout[0], "steps=" + (2 + losses.size()),
                    "parallel.expert=" + layout[1]));
            losses.addAll(last.losses());
        }
        assertEquals(one.losses(), losses);
        TensorTrainingTest.assertSame(new Outcome(losses, List.of(), one.weights()),
                new Outcome(losses, List.of(), last.weights()));
    }

    /// All experts for each token: all but 1/P of the rows move, there and back, forward and backward, and X counts.
    @Test
    void bytesAreThoseOfTheFormula() throws Exception {
        String[] words = {"steps=1", "validate.every=0", "report.norms_every=0", "batch.accumulate=3",
            "model.new.active=4", "model.new.experts=4", "model.new.mlp=40", "optimizer.name=sgd"};
        train(MIXTRAL, "data", 2, with(words, "parallel.data=2", "parallel.shard=optimizer"));
        train(MIXTRAL, "experts", 2, with(words, "parallel.expert=2"));
        long rows = 2 * 16 * 4;
        long layer = 4 * rows * 4 * 32 / 2 + 4 * 4 / 2;
        long experts = 4L * 4 * 3 * 32 * 40;
        double others = TrainOnRanks.sent(folder, "data") - 2 * (3 + 1) * 2 * experts / 2;
        assertEquals(others + 2 * 2 * 3 * layer, TrainOnRanks.sent(folder, "experts"));
        // Other weights are gathered twice, in place of their sums once, and a bucket again that is read in turn.
        train(MIXTRAL, "weights", 2, with(words, "parallel.expert=2", "parallel.shard=weights"));
        double gathered = others / (3 + 1) * 3 * 3 + 2 * 2 * 3 * layer;
        assertEquals(gathered, TrainOnRanks.sent(folder, "weights"), 0.06 * gathered);
        for (String layout : List.of("data", "experts")) {
            // But for padding and numbers of rows.
            double sent = TrainOnRanks.sent(folder, layout);
            assertEquals(sent, TrainOnRanks.predicted(folder, recipe(MIXTRAL), "one-" + layout, with(words,
                    "parallel.shard=optimizer", layout.equals("data") ? "parallel.data=2" : "parallel.expert=2")),
                    0.01 * sent);
        }
    }

    /// Ranks that share the tokens of sequences have the same experts.
    @Test
    void ranksShareContextsToo() throws Exception {
        String[] words = {"steps=3", "optimizer.name=sgd", "optimizer.learning_rate=0.1", "optimizer.clip=.inf",
            "schedule.name=constant", "batch.sequences=1"};
        Outcome one = train(MIXTRAL, "one", 1, with(words, "batch.accumulate=4"));
        Outcome all = train(MIXTRAL, "all", 8, with(words, "parallel.expert=2", "parallel.context=2",
                "parallel.shard=optimizer"));
        DataParallelTest.assertClose(one, train(MIXTRAL, "contexts", 4, with(words, "parallel.context=2",
                "batch.accumulate=2")), 2e-6);
        assertEquals(one.losses().getFirst(), all.losses().getFirst());
        DataParallelTest.assertClose(one, all, 2e-6);
        DataParallelTest.assertClose(one, train(MIXTRAL, "stages", 8, with(words, "parallel.expert=2",
                "parallel.context=2", "parallel.pipeline=2", "batch.accumulate=2")), 2e-6);
    }

    @Test
    void whatCannotBeDividedIsAnError() {
        assertError("cannot be divided by 3", MIXTRAL, 3, "parallel.expert=3");
        assertError("by which the 3 ranks cannot be divided", MIXTRAL, 3, "parallel.expert=2");
        assertError("no experts that ranks can divide", "family: llama, hidden: 32, layers: 2, heads: 2", 2,
                "parallel.expert=2");
        assertError("with experts.balance or other keys", MIXTRAL, 4, "parallel.pipeline=2", "experts.balance=0.1");
    }

    private void assertError(String expected, String model, int ranks, String... words) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> train(model, "a", ranks, words));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
