package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Elementwise.Dropout;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DropoutTest {
    private static final String CONFIG = """
            {"model_type": "gpt2", "n_embd": 24, "n_head": 2, "n_layer": 2, "vocab_size": 20, "n_positions": 16,
            "tie_word_embeddings": true}""";
    private static final DropoutRates RATES = DropoutRates.of(0.25, 5);

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();
    private Model model;

    @BeforeEach
    void open() throws CheckpointException {
        model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 4);
    }

    @AfterEach
    void close() {
        model.close();
        workers.close();
    }

    private static TokenBatch batch() {
        return new TokenBatch().add(new int[] {3, 9, 4, 4, 19, 2, 5, 7}).add(new int[] {3, 11, 0});
    }

    private TrainingPass pass(DropoutRates rates, int checkpoints) {
        return TrainingPass.of(model, kernels,
                TrainingOptions.defaults().withDropout(rates).withCheckpoints(checkpoints));
    }

    private double lossAt(TrainingPass pass, long step) {
        pass.atStep(step);
        return pass.loss(batch());
    }

    @Test
    void aMaskDropsItsShareAndKeepsTheMean() {
        try (Compute ops = new Compute(kernels, Precision.EXACT); Arena arena = Arena.ofConfined()) {
            Tensor ones = Tensor.allocate(arena, DType.F32, 301, 403);
            for (long i = 0; i < ones.size(); i++) {
                ones.set(i, 1);
            }
            for (float rate : new float[] {0.1f, 0.5f, 0.9f}) {
                Tensor y = ops.apply(new Dropout(ones, rate, 77));
                double zeros = 0;
                double sum = 0;
                for (long i = 0; i < y.size(); i++) {
                    zeros += y.get(i) == 0 ? 1 : 0;
                    sum += y.get(i);
                }
                assertEquals(rate, zeros / y.size(), 0.005);
                assertEquals(1, sum / y.size(), 0.03);
            }
            assertNotEquals(0.0, difference(ops.apply(new Dropout(ones, 0.5f, 1)),
                    ops.apply(new Dropout(ones, 0.5f, 2))));
        }
    }

    private static double difference(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.size(); i++) {
            sum += Math.abs(a.get(i) - b.get(i));
        }
        return sum;
    }

    @Test
    void recomputedSegmentsHaveTheSameMasks() {
        List<float[]> gradients = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int checkpoints : new int[] {0, 1, 2, 3, 100}) {
            try (TrainingPass pass = pass(RATES, checkpoints)) {
                losses.add(lossAt(pass, 3));
                gradients.add(pass.gradients().values().iterator().next().toArray());
            }
        }
        for (int i = 1; i < losses.size(); i++) {
            assertEquals(losses.getFirst(), losses.get(i));
            assertArrayEquals(gradients.getFirst(), gradients.get(i));
        }
    }

    @Test
    void masksDependOnSeedStepAndBatchAlone() {
        try (TrainingPass first = pass(RATES, 0); TrainingPass second = pass(RATES, 0);
                TrainingPass other = pass(DropoutRates.of(0.25, 6), 0)) {
            double loss = lossAt(first, 8);
            double next = first.loss(batch());
            assertNotEquals(loss, next);
            assertNotEquals(loss, lossAt(first, 9));
            assertEquals(loss, lossAt(second, 8));
            assertEquals(next, second.loss(batch()));
            assertNotEquals(loss, lossAt(other, 8));
        }
    }

    @Test
    void eachPlaceHasDropoutOfItsOwnAndEvaluationHasNone() {
        try (TrainingPass none = pass(DropoutRates.NONE, 0); TrainingPass embeddings = pass(
                new DropoutRates(0.25, 0, 0, 5), 0); TrainingPass sublayers = pass(
                new DropoutRates(0, 0.25, 0, 5), 0); TrainingPass heads = pass(new DropoutRates(0, 0, 0.25, 5), 0)) {
            double loss = lossAt(none, 0);
            assertNotEquals(loss, lossAt(embeddings, 0));
            assertNotEquals(loss, lossAt(sublayers, 0));
            assertNotEquals(lossAt(embeddings, 0), lossAt(sublayers, 0));
            assertEquals(loss, lossAt(heads, 0));
            Loss head = p -> p.dropout(p.hidden()).square().sum();
            heads.atStep(0);
            assertNotEquals(none.loss(batch(), head), heads.loss(batch(), head));
            assertEquals(none.evaluate(batch(), head), heads.evaluate(batch(), head));
            assertEquals(loss, embeddings.evaluate(batch(), Loss.CROSS_ENTROPY));
            assertEquals(loss, sublayers.evaluate(batch(), Loss.CROSS_ENTROPY));
        }
    }

    @Test
    void classificationHeadsHaveDropout() throws Exception {
        String config = """
                {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "hidden_size": 16,
                "intermediate_size": 24, "num_attention_heads": 2, "num_key_value_heads": 1, "num_hidden_layers": 1,
                "vocab_size": 20, "rms_norm_eps": 1e-5, "max_position_embeddings": 32, "rope_theta": 10000.0,
                "id2label": {"0": "no", "1": "yes"}, "label2id": {"no": 0, "yes": 1}}""";
        Loss loss = p -> p.scores().square().sum();
        TokenBatch texts = new TokenBatch().addWhole(new int[] {3, 9, 4}).addWhole(new int[] {5, 1});
        try (Model classifier = FreshModel.create(Config.parse(Path.of("config.json"), config), 4);
                TrainingPass pass = TrainingPass.of(classifier, kernels,
                        TrainingOptions.defaults().withDropout(new DropoutRates(0, 0, 0.5, 5)))) {
            double evaluated = pass.evaluate(texts, loss);
            pass.atStep(0);
            double first = pass.loss(texts, loss);
            assertNotEquals(evaluated, first);
            pass.atStep(1);
            assertNotEquals(first, pass.loss(texts, loss));
            pass.atStep(0);
            assertEquals(first, pass.loss(texts, loss));
        }
    }

    @Test
    void gradientsAreThoseOfTheMaskedModel() {
        Parameter parameter = model.sources().keySet().stream().filter(p -> p.role() == Role.UP).findFirst()
                .orElseThrow();
        Weight.Stored w = (Weight.Stored) model.weights().get(parameter);
        try (TrainingPass pass = pass(RATES, 2); TrainingPass probe = pass(RATES, 0)) {
            lossAt(pass, 2);
            Tensor gradient = pass.weightGradients().of(w);
            for (int i = 0; i < gradient.size(); i += 211) {
                int at = i;
                float x = w.tensor().get(at);
                w.update(t -> t.set(at, x + 5e-3f));
                double above = lossAt(probe, 2);
                w.update(t -> t.set(at, x - 5e-3f));
                double below = lossAt(probe, 2);
                w.update(t -> t.set(at, x));
                assertEquals((above - below) / 1e-2, gradient.get(i), 3e-4, "slope " + i);
            }
        }
    }

    @Test
    void badRatesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> DropoutRates.of(1, 0));
        assertThrows(IllegalArgumentException.class, () -> DropoutRates.of(Double.NaN, 0));
    }
}
