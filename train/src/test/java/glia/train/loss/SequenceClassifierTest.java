package glia.train.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.spec.Classes;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Classification heads on bodies of language models: their formula, their files, and training.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SequenceClassifierTest {
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");
    private static final List<String> LABELS = List.of("negative", "neutral", "positive");

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    private Path llama(Path folder) throws Exception {
        String json = new TinyConfig("llama", 2, 2, 1, 8, 0).json().replaceFirst("\\{",
                "{\"architectures\": [\"LlamaForCausalLM\"], ");
        TinyModel.write(Files.createDirectories(folder.resolve("llama")), json, 5);
        return folder.resolve("llama");
    }

    private static TokenBatch texts() {
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < 4; i++) {
            batch.addWhole(new Random(i).ints(3 + i, 4, 30).toArray());
        }
        return batch;
    }

    /// Scores of the texts, compared with the head's formula on the hidden states.
    private double[] scores(Model model) {
        try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            double[][] scores = new double[1][];
            pass.evaluate(texts(), p -> {
                scores[0] = LossChecks.doubles(p.scores().tensor());
                double[] expected = formula(model, p);
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], scores[0][i], 1e-4, "score " + i);
                }
                return p.constant(0);
            });
            return scores[0];
        }
    }

    private static double[] formula(Model model, Predictions p) {
        Tensor hidden = p.hidden().tensor();
        int[] sequences = p.batch().sequences();
        boolean isLast = model.spec().head().classes().orElseThrow().pool() == Classes.Pool.LAST;
        double[] w = weights(model, Role.HEAD);
        int size = hidden.cols();
        int numLabels = w.length / size;
        double[] all = new double[4 * numLabels];
        for (int s = 0; s < 4; s++) {
            int which = s;
            int row = isLast ? IntStream.range(0, sequences.length).filter(n -> sequences[n] == which).max().getAsInt()
                    : IntStream.range(0, sequences.length).filter(n -> sequences[n] == which).min().getAsInt();
            double[] h = new double[size];
            for (int i = 0; i < size; i++) {
                h[i] = hidden.get((long) row * size + i);
            }
            double[] x = isLast ? h : pooler(model, h);
            for (int c = 0; c < numLabels; c++) {
                all[s * numLabels + c] = isLast ? 0 : weights(model, Role.HEAD_BIAS)[c];
                for (int i = 0; i < size; i++) {
                    all[s * numLabels + c] += w[c * size + i] * x[i];
                }
            }
        }
        return all;
    }

    private static double[] pooler(Model model, double[] h) {
        double[] a = weights(model, Role.TRANSFORM);
        double[] x = weights(model, Role.TRANSFORM_BIAS).clone();
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < h.length; j++) {
                x[i] += a[i * h.length + j] * h[j];
            }
            x[i] = Math.tanh(x[i]);
        }
        return x;
    }

    private static double[] weights(Model model, Role role) {
        return LossChecks.doubles(Compute.stored(model.weights().get(Parameter.of(role))));
    }

    @ParameterizedTest
    @CsvSource({"llama, LlamaForSequenceClassification, score.weight, lm_head.weight",
        "bert, BertForSequenceClassification, bert.pooler.dense.weight, cls.predictions.bias"})
    void aNewHeadIsSavedAndLoadedAgain(String family, String name, String added, String removed, @TempDir Path folder)
            throws Exception {
        Path base = family.equals("llama") ? llama(folder) : GOLDENS.resolve(family);
        Path saved = folder.resolve("saved");
        double[] scores;
        try (Model model = ModelLoader.load(base, new NewHead(LABELS, 7), p -> true)) {
            assertEquals(LABELS, model.spec().head().classes().orElseThrow().labels());
            scores = scores(model);
            ModelWriter.write(model, saved);
            Path file = folder.resolve("m.gguf");
            if (family.equals("bert")) {
                GgufModelWriter.write(model, file, Optional.empty());
                try (Model read = ModelLoader.load(file)) {
                    assertArrayEquals(scores, scores(read), 1e-6);
                }
            } else {
                assertThrows(CheckpointException.class, () -> GgufModelWriter.write(model, file, Optional.empty()));
            }
        }
        Config config = Config.read(saved.resolve("config.json"));
        assertEquals(name, config.strings("architectures")[0]);
        assertEquals("positive", config.child("id2label").text("2"));
        assertEquals(0, config.child("label2id").integer("negative"));
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(saved)) {
            assertTrue(file.names().contains(added), file.names().toString());
            assertFalse(file.names().contains(removed), file.names().toString());
        }
        try (Model again = ModelLoader.load(saved)) {
            double[] found = scores(again);
            for (int i = 0; i < scores.length; i++) {
                assertEquals(scores[i], found[i], 0, "score " + i);
            }
        }
    }

    @Test
    void modernBertKeepsItsTransform(@TempDir Path folder) throws Exception {
        try (Model model = ModelLoader.load(GOLDENS.resolve("modernbert"), new NewHead(List.of("a", "b"), 7),
                p -> true)) {
            assertEquals(Classes.Pool.FIRST, model.spec().head().classes().orElseThrow().pool());
            assertEquals(Set.of("head.dense.weight", "head.norm.weight", "classifier.weight", "classifier.bias"),
                    Set.copyOf(model.sources().keySet().stream().map(model::storedName)
                            .filter(n -> n.startsWith("head.") || n.startsWith("classifier.")).toList()));
            ModelWriter.write(model, folder.resolve("saved"));
        }
        try (Model again = ModelLoader.load(folder.resolve("saved"))) {
            assertEquals(2, again.spec().head().classes().orElseThrow().size());
        }
    }

    @Test
    void classesAreLearned(@TempDir Path folder) throws Exception {
        try (Model model = ModelLoader.load(llama(folder), new NewHead(LABELS, 7), p -> true)) {
            TokenBatch batch = texts();
            int[] classes = {0, 2, 1, 2};
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch,
                    p -> ClassificationLoss.oneOf(p.scores(), classes, 0), p -> true);
            double loss = LossChecks.train(model, kernels, 60, 1e-2, (pass, step) ->
                    pass.loss(batch, p -> ClassificationLoss.oneOf(p.scores(), classes, 0)));
            assertTrue(loss < 0.05, "loss " + loss);
        }
    }

    @Test
    void rewardsAreLearned(@TempDir Path folder) throws Exception {
        try (Model model = ModelLoader.load(llama(folder), new NewHead(List.of("reward"), 7), p -> true)) {
            assertEquals(Classes.Outcome.NUMBER, model.spec().head().classes().orElseThrow().outcome());
            TokenBatch batch = texts();
            RewardModelLoss rule = new RewardModelLoss(0.01);
            double loss = LossChecks.train(model, kernels, 60, 1e-2, (pass, step) -> pass.loss(batch, p -> {
                Value scores = p.scores();
                return rule.of(scores.rows(0, 1), scores.rows(2, 3));
            }));
            assertTrue(loss < 0.1, "loss " + loss);
        }
    }

    @Test
    void whatIsNoClassifierSaysSo(@TempDir Path folder) throws Exception {
        try (Model model = ModelLoader.load(llama(folder));
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            assertThrows(IllegalArgumentException.class, () -> pass.evaluate(texts(), Predictions::scores));
        }
        try (Model model = ModelLoader.load(llama(folder), new NewHead(LABELS, 7), p -> true);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            assertThrows(IllegalArgumentException.class,
                    () -> pass.loss(new TokenBatch().add(new int[] {1, 2, 3})));
        }
        Path nameless = Files.createDirectories(folder.resolve("nameless"));
        TinyModel.write(nameless, new TinyConfig("llama", 2, 2, 1, 8, 0).json(), 5);
        try (Model model = ModelLoader.load(nameless, new NewHead(LABELS, 7), p -> true);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            assertTrue(pass.evaluate(texts(), p -> p.scores().square().mean()) > 0,
                    "the class is that of the model type");
        }
        assertThrows(CheckpointException.class, () -> ModelLoader.load(GOLDENS.resolve("t5"), new NewHead(LABELS, 7),
                p -> true));
    }
}
