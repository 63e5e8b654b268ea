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

/// Ranks that have some layers each train with the bits of one process with as many micro-batches.
class PipelineTest {
    private static final String OPTIMIZER = "%s/checkpoints/step-%08d/training/optimizer.safetensors";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws Exception {
        TrainOnRanks.write(folder);
    }

    private Outcome train(String output, int ranks, String... words) throws Exception {
        return TrainOnRanks.train(folder, output, ranks, Existing.REFUSE, words);
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new);
    }

    /// Clipping, validation, norms and the optimizer's state are the same, too.
    @ParameterizedTest
    @CsvSource({"2,false", "2,true", "4,true"})
    void stagesTrainAsOneProcess(int ranks, String isTied) throws Exception {
        String[] words = {"model.new.layers=5", "model.new.tie_word_embeddings=" + isTied, "batch.accumulate=5",
            "optimizer.clip=0.5", "model.dropout=0.1"};
        Outcome one = train("one", 1, words);
        assertEquals(20, one.losses().size());
        assertEquals(one, train("all", ranks, with(words, "parallel.pipeline=" + ranks)));
        assertArrayEquals(Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("one", 20))),
                Files.readAllBytes(folder.resolve(OPTIMIZER.formatted("all", 20))));
    }

    /// Ranks of a stage share the optimizer's state and micro-batches, or the tokens of these.
    @ParameterizedTest
    @CsvSource({"none,adamw,1", "gradients,muon,1", "optimizer,adamw,2"})
    void stagesOfSeveralRanks(String shard, String rule, int context) throws Exception {
        String[] words = {"steps=3", "optimizer.name=" + rule, "model.new.hidden=64", "batch.accumulate=4"};
        int ranks = 4 * context;
        Outcome one = context == 1 ? train("one", 1, words)
                : train("one", 2 * context, with(words, "batch.accumulate=2", "parallel.context=" + context));
        assertEquals(one, train("all", ranks, with(words, "batch.accumulate=2", "parallel.pipeline=2",
                "parallel.context=" + context, "parallel.shard=" + shard)));
    }

    /// Ranks have several stages each, here with data parallel ranks and sharing of gradients, too.
    @ParameterizedTest
    @CsvSource({"2,2,1,false,none", "2,2,1,true,none", "3,2,1,true,none", "2,3,2,true,gradients",
        "2,2,2,false,optimizer"})
    void interleavedStages(int pipeline, int stages, int data, String isTied, String shard) throws Exception {
        String[] words = {"model.new.layers=7", "model.new.tie_word_embeddings=" + isTied, "optimizer.clip=0.5",
            "model.dropout=0.1", "steps=4", "validate.every=2"};
        Outcome one = train("one", 1, with(words, "batch.accumulate=" + 2 * pipeline * data));
        assertEquals(one, train("all", pipeline * data, with(words, "batch.accumulate=" + 2 * pipeline,
                "parallel.pipeline=" + pipeline, "parallel.virtual_stages=" + stages, "parallel.shard=" + shard)));
    }

    /// Learned positions and norms of heads; activations are recomputed.
    @ParameterizedTest
    @ValueSource(strings = {"family: gpt2, hidden: 32, layers: 3, heads: 2",
        "family: qwen3, hidden: 32, layers: 2, heads: 2"})
    void modelsOfOtherKinds(String model) throws Exception {
        String recipe = TrainOnRanks.RECIPE.replaceAll("family: llama.*true", model + ", context: 32");
        String[] words = {"steps=3", "batch.accumulate=3", "batch.activation_checkpointing=1"};
        Outcome one = TrainOnRanks.train(folder, recipe, "one", 1, Existing.REFUSE, words);
        assertEquals(one, TrainOnRanks.train(folder, recipe, "all", 2, Existing.REFUSE,
                with(words, "parallel.pipeline=2")));
    }

    /// A run goes on with the same losses on another layout.
    @Test
    void runsResumeOnOtherLayouts() throws Exception {
        String[] words = {"model.new.layers=4", "schedule.name=constant"};
        Outcome one = train("one", 1, with(words, "batch.accumulate=4", "steps=8"));
        List<Double> losses = new ArrayList<>();
        Outcome last = null;
        for (String part : List.of("4,1,1", "1,2,2", "1,4,1", "2,2,1")) {
            int[] layout = Arrays.stream(part.split(",")).mapToInt(Integer::parseInt).toArray();
            String steps = "steps=" + (2 + losses.size());
            last = TrainOnRanks.train(folder, "parts", layout[0] * layout[1], losses.isEmpty() ? Existing.REFUSE
                    : Existing.RESUME, with(words, "batch.accumulate=" + 4 / layout[0], steps,
                    "parallel.pipeline=" + layout[1]));
            losses.addAll(last.losses());
        }
        assertEquals(one.losses(), losses);
        assertEquals(one.weights(), last.weights());
    }

    /// The stream and its gradient cross each border, and the gradient of the tied embedding and its update go from
    /// end to end.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bytesAreThoseOfTheFormula(boolean isTied) throws Exception {
        String output = "bytes-pipeline-" + isTied;
        Outcome run = train(output, 3, "model.new.layers=3", "model.new.tie_word_embeddings=" + isTied, "steps=1",
                "batch.accumulate=4", "validate.every=0", "report.norms_every=0", "parallel.pipeline=3");
        int tokens = 2 * 16;
        long embedding = run.weights().get("model.embed_tokens.weight").size();
        long streams = 2 * 4 * (3 - 1) * 4L * tokens * 32;
        long losses = (3 - 1) * 8L * 4;
        assertEquals(streams + losses + (isTied ? (4 + 1) * 4 * embedding : 0), TrainOnRanks.sent(folder, output));
    }

    /// Each border is between two ranks; gradients are added up once for a micro-batch.
    @Test
    void bytesOfInterleavedStages() throws Exception {
        String[] words = {"model.new.layers=4", "model.new.tie_word_embeddings=false", "steps=1",
            "batch.accumulate=2", "validate.every=0", "report.norms_every=0", "parallel.pipeline=2"};
        train("plain-stages", 4, words);
        train("more-stages", 4, with(words, "parallel.virtual_stages=2"));
        int tokens = 2 * 16;
        long border = 2 * 2 * 4L * tokens * 32;
        double more = TrainOnRanks.sent(folder, "more-stages") - TrainOnRanks.sent(folder, "plain-stages");
        assertEquals(2 * border * (3 - 1), more);
    }

    @Test
    void whatCannotBeDividedIsAnError() {
        CheckpointException odd = assertThrows(CheckpointException.class, () -> train("e", 2, "parallel.pipeline=2",
                "batch.accumulate=3", "parallel.virtual_stages=2"));
        assertTrue(odd.getMessage().contains("is a multiple of parallel.pipeline, 2, and not 3"), odd.getMessage());
        CheckpointException few = assertThrows(CheckpointException.class, () -> train("a", 3, "parallel.pipeline=3"));
        assertTrue(few.getMessage().contains("the 2 layers of the model cannot be divided into 3 stages"),
                few.getMessage());
        CheckpointException uneven = assertThrows(CheckpointException.class, () -> train("b", 3,
                "parallel.pipeline=2"));
        assertTrue(uneven.getMessage().contains("by which the 3 ranks cannot be divided"), uneven.getMessage());
        CheckpointException weights = assertThrows(CheckpointException.class, () -> train("c", 2,
                "parallel.pipeline=2", "parallel.shard=weights"));
        assertTrue(weights.getMessage().contains("leave one of them out"), weights.getMessage());
    }
}
