package glia.train.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.TinyConfig;
import glia.model.family.Families;
import glia.model.layout.Pooling;
import glia.model.spec.Draft;
import glia.model.spec.ModelSpec;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.distillation.Distillation;
import glia.train.distillation.TopKDistillation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Losses over the predictions of small models.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ModelLossTest {
    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    private static Model model(long seed) throws Exception {
        return FreshModel.create(config(), seed);
    }

    private static Config config() throws Exception {
        return Config.parse(Path.of("config.json"), new TinyConfig("llama", 2, 2, 1, 8, 0).json());
    }

    private static int[] text(int seed, int length) {
        return new Random(seed).ints(length, 0, TinyConfig.VOCABULARY).toArray();
    }

    // ---- cross-entropy -------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 0", "0.1, 0", "0, 0.01", "0.3, 0.02"})
    void crossEntropyWithOptionsHasItsFormula(double smoothing, double zLoss) throws Exception {
        CrossEntropyLoss loss = new CrossEntropyLoss(smoothing, zLoss);
        float[] weights = {1, 0, 2, 1, 0.5f, 1, 1};
        TokenBatch batch = new TokenBatch().add(text(1, 7), weights).add(text(2, 5));
        try (Model model = model(3); TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            double[] expected = new double[1];
            double found = pass.evaluate(batch, p -> {
                expected[0] = formula(p.logits().tensor(), batch, smoothing, zLoss);
                return loss.of(p);
            });
            assertEquals(expected[0], found, 1e-5);
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch, loss, p -> true);
        }
    }

    private static double formula(Tensor logits, TokenBatch batch, double smoothing, double zLoss) {
        double sum = 0;
        double total = 0;
        for (int n = 0; n < batch.numRows(); n++) {
            double[] z = new double[logits.cols()];
            double exponentials = 0;
            for (int v = 0; v < z.length; v++) {
                z[v] = logits.get((long) n * z.length + v);
                exponentials += Math.exp(z[v]);
            }
            double logSumExp = Math.log(exponentials);
            double uniform = logSumExp - Arrays.stream(z).average().orElseThrow();
            sum += batch.weights()[n] * ((1 - smoothing) * (logSumExp - z[batch.targets()[n]]) + smoothing * uniform
                    + zLoss * logSumExp * logSumExp);
            total += batch.weights()[n];
        }
        return sum / total;
    }

    // ---- early exit ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"llama, 1, 0.5", "mixtral, 2, 2"})
    void earlyExitAddsTheLossOfASmallerModel(String family, int count, double weight) throws Exception {
        TokenBatch batch = new TokenBatch().add(text(1, 7), new float[] {1, 0, 2, 1, 0.5f, 1, 1}).add(text(2, 5));
        Config config = Config.parse(Path.of("config.json"), new TinyConfig(family, 3, 2, 1, 8, 0).json());
        try (Model model = FreshModel.create(config, 5);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                TrainingPass first = TrainingPass.of(model.firstLayers(count), kernels, TrainingOptions.defaults())) {
            EarlyExit loss = new EarlyExit(Loss.CROSS_ENTROPY, model, count, weight);
            assertEquals(pass.evaluate(batch, Loss.CROSS_ENTROPY) + weight * first.evaluate(batch, Loss.CROSS_ENTROPY),
                    pass.evaluate(batch, loss), 1e-5);
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch, loss, p -> true);
        }
        assertThrows(IllegalArgumentException.class, () -> new EarlyExit(Loss.CROSS_ENTROPY, model(1), 2, 1));
    }

    // ---- distillation --------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "0.5, 0.7"})
    void distillationIsTheDivergenceOfLogits(double beta, double temperature) throws Exception {
        Distillation rule = Distillation.of(beta, temperature);
        TokenBatch batch = new TokenBatch().add(text(1, 9)).add(text(2, 6), new float[] {0, 0, 0, 1, 2, 1});
        try (Model student = model(3); Model teacher = model(4);
                TrainingPass pass = TrainingPass.of(student, kernels, TrainingOptions.defaults());
                TrainingPass fixed = TrainingPass.of(teacher, kernels, TrainingOptions.defaults())) {
            double[] expected = new double[1];
            fixed.evaluate(batch, t -> {
                expected[0] = pass.evaluate(batch, s -> {
                    Value each = rule.perToken(s.logits(), t.logits());
                    return each.times(s.weights()).sum().times(1.0 / 12);
                });
                return t.constant(0);
            });
            assertEquals(expected[0], rule.evaluate(pass, fixed, batch), 1e-5 * expected[0]);
            assertEquals(0.5 * expected[0], rule.accumulate(pass, fixed, batch, 0.5), 1e-5 * expected[0]);
        }
    }

    /// With as many tokens as the vocabulary has, it is the whole forward divergence.
    @ParameterizedTest
    @CsvSource({"37, -Infinity", "4, -Infinity", "4, -3"})
    void divergenceOnTheMostProbableTokens(int k, double least) throws Exception {
        TokenBatch batch = new TokenBatch().add(text(1, 9)).add(text(2, 6), new float[] {0, 0, 0, 1, 2, 1});
        TopKDistillation rule = new TopKDistillation(least);
        try (Model student = model(3); Model teacher = model(4);
                TrainingPass pass = TrainingPass.of(student, kernels, TrainingOptions.defaults());
                TrainingPass fixed = TrainingPass.of(teacher, kernels, TrainingOptions.defaults())) {
            fixed.evaluate(batch, t -> {
                double found = pass.evaluate(batch, s -> rule.of(s, t, k));
                double expected = pass.evaluate(batch, s -> {
                    int[] top = new int[batch.numRows() * k];
                    var best = t.tokens(1, false, k).top();
                    for (int i = 0; i < top.length; i++) {
                        top[i] = best.id(i / k, i % k);
                    }
                    return rule.loss(s.logits().logSoftmax().pick(top), t.logits().logSoftmax().pick(top))
                            .times(s.weights()).sum().times(1.0 / 12);
                });
                assertEquals(expected, found, 1e-5);
                if (k == TinyConfig.VOCABULARY) {
                    assertEquals(pass.evaluate(batch, s -> Distillation.FORWARD_KL.of(s, t)), found, 1e-5);
                }
                return t.constant(0);
            });
            double value = fixed.evaluate(batch, t -> {
                LossChecks.gradientMatchesFiniteDifferences(student, kernels, batch, s -> rule.of(s, t, k), p -> true);
                return t.constant(1);
            });
            assertEquals(1, value);
        }
    }

    @Test
    void aStudentLearnsItsTeachersDistributions() throws Exception {
        try (Model student = model(3); Model teacher = model(4);
                TrainingPass fixed = TrainingPass.of(teacher, kernels, TrainingOptions.defaults())) {
            TokenBatch batch = new TokenBatch().add(text(1, 12)).add(text(2, 12));
            double before = Distillation.FORWARD_KL.evaluate(fixed, TrainingPass.of(student, kernels,
                    TrainingOptions.defaults()), batch);
            double after = LossChecks.train(student, kernels, 150, 1e-2,
                    (pass, step) -> Distillation.REVERSE_KL.accumulate(pass, fixed, batch, 1));
            assertTrue(after < before / 20, before + " to " + after);
        }
    }

    // ---- embeddings ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void contrastiveLossOfPooledStatesHasItsGradient(Pooling pooling) throws Exception {
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < 5; i++) {
            batch.addWhole(text(i, 3 + i));
        }
        try (Model model = model(3)) {
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch,
                    p -> new InfoNce(0.5).of(p, pooling, 2), p -> true);
        }
    }

    @Test
    void pooledStatesAreThoseOfTheirFormulas() throws Exception {
        TokenBatch batch = new TokenBatch().addWhole(text(1, 4)).addWhole(text(2, 3));
        try (Model model = model(3); TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            pass.evaluate(batch, p -> {
                Tensor h = p.hidden().tensor();
                for (Pooling pooling : Pooling.values()) {
                    Tensor pooled = p.pooled(pooling).tensor();
                    for (int s = 0; s < 2; s++) {
                        for (int c = 0; c < h.cols(); c++) {
                            assertEquals(pooled(h, 4 * s, 4 + 3 * s, c, pooling),
                                    pooled.get((long) s * h.cols() + c), 1e-5, pooling.name());
                        }
                    }
                }
                return p.constant(0);
            });
        }
    }

    private static double pooled(Tensor hidden, int from, int end, int column, Pooling pooling) {
        double sum = 0;
        double weighted = 0;
        double largest = Double.NEGATIVE_INFINITY;
        int count = end - from;
        for (int n = from; n < end; n++) {
            double x = hidden.get((long) n * hidden.cols() + column);
            sum += x;
            weighted += x * (n - from + 1);
            largest = Math.max(largest, x);
        }
        return switch (pooling) {
            case MEAN -> sum / count;
            case MEAN_SQRT_LEN -> sum / Math.sqrt(count);
            case WEIGHTED_MEAN -> weighted / (count * (count + 1) / 2.0);
            case MAX -> largest;
            case CLS -> hidden.get((long) from * hidden.cols() + column);
            case LAST -> hidden.get((long) (end - 1) * hidden.cols() + column);
        };
    }

    // ---- multi-token prediction ----------------------------------------------------------------------------------

    private static ModelSpec withDrafts(int count) throws Exception {
        ModelSpec spec = Families.spec(config());
        List<Draft> drafts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int layer = spec.numLayers() + i;
            List<Sublayer> sublayers = spec.sublayers().subList(0, 2).stream().map(s -> new Sublayer(layer,
                    s.before(), s.mixer(), s.after(), s.residual())).toList();
            drafts.add(new Draft(spec.finalNorm(), spec.finalNorm(), sublayers, spec.finalNorm()));
        }
        return spec.withDrafts(drafts);
    }

    @ParameterizedTest
    @CsvSource({"1, 0.3", "2, 1"})
    void multiTokenPredictionHasItsGradient(int numLayers, double weight) throws Exception {
        float[] weights = {1, 1, 0, 1, 2, 1};
        TokenBatch batch = new TokenBatch().addWhole(text(1, 6), weights).addWhole(text(2, 2), new float[] {1, 1})
                .addWhole(text(3, 8), new float[] {1, 1, 1, 1, 1, 1, 1, 1});
        try (Model model = FreshModel.create(withDrafts(numLayers), 5)) {
            Loss loss = new MultiTokenPrediction(Loss.CROSS_ENTROPY, weight);
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch, loss, p -> true);
            int body = model.spec().sublayers().size();
            LossChecks.gradientMatchesFiniteDifferences(model, kernels, batch, loss, p -> p.sublayer() >= body);
        }
    }

    /// Each token is a function of the one before, so that the token after the next is known, too.
    @Test
    void layersThatPredictFurtherTokensLearn() throws Exception {
        try (Model model = FreshModel.create(withDrafts(2), 5);
                TrainingPass evaluation = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            TokenBatch batch = new TokenBatch();
            float[] ones = new float[12];
            Arrays.fill(ones, 1);
            for (int start = 0; start < 8; start++) {
                int[] ids = new int[12];
                ids[0] = start;
                for (int i = 1; i < ids.length; i++) {
                    ids[i] = (5 * ids[i - 1] + 3) % TinyConfig.VOCABULARY;
                }
                batch.addWhole(ids, ones);
            }
            double before = evaluation.evaluate(batch, MultiTokenPrediction::furtherLoss);
            LossChecks.train(model, kernels, 120, 1e-2,
                    (pass, step) -> pass.loss(batch, new MultiTokenPrediction(Loss.CROSS_ENTROPY, 0.3)));
            double after = evaluation.evaluate(batch, MultiTokenPrediction::furtherLoss);
            assertTrue(before > 3 && after < 0.2, before + " to " + after);
        }
    }

    @Test
    void multiTokenPredictionNeedsLayersAndWholeTexts() throws Exception {
        try (Model plain = model(1); Model further = FreshModel.create(withDrafts(1), 5);
                TrainingPass pass = TrainingPass.of(plain, kernels, TrainingOptions.defaults());
                TrainingPass other = TrainingPass.of(further, kernels, TrainingOptions.defaults())) {
            Loss loss = MultiTokenPrediction::furtherLoss;
            TokenBatch whole = new TokenBatch().addWhole(text(1, 4), new float[] {1, 1, 1, 1});
            assertThrows(IllegalArgumentException.class, () -> pass.evaluate(whole, loss));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> other.evaluate(
                    new TokenBatch().add(text(1, 4)), loss)).getMessage().contains("addWhole"));
        }
    }
}
