package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Embedding;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Head;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameters;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Models whose specs were written by hand, the recurrent networks of old beside attention and its successors: they
/// keep the invariants and train.
class HandMadeSpecTest {
    private static final String TEXT = "the cat sat on the mat. the dog sat on the log. the cat saw the dog. ";
    private static final int HIDDEN = 24;
    private static final Norm NORM = new Norm.Rms(1e-6f, 0);

    static Stream<ModelSpec> specs() {
        List<ModelSpec> specs = new ArrayList<>();
        for (RecurrentCell cell : RecurrentCell.values()) {
            Mixer mixer = new RecurrentNetwork(cell, HIDDEN, Bias.INPUTS, RecurrentNetwork.Output.STATE);
            // As in the first of them, the state is all that goes on.
            Sublayer alone = new Sublayer(0, new Norm.None(), mixer).with(new Residual.Normed(0, 1));
            specs.add(spec(cell.name().toLowerCase(java.util.Locale.ROOT), alone));
            specs.add(spec("narrow_" + cell, layer(0, new RecurrentNetwork(cell, 7, Bias.ALL,
                    RecurrentNetwork.Output.PROJECTED)), layer(0, mlp())));
        }
        specs.add(spec("attention", layer(0, attention()), layer(0, mlp())));
        specs.add(spec("delta", layer(0, new GatedDeltaNet(1, 3, 5, 8, new Convolution(3, Activation.SILU, Bias.NONE),
                1e-6f, GatedDeltaNet.Inputs.SEPARATE)), layer(0, mlp())));
        specs.add(spec("lightning", layer(0, new Lightning(3, 8, 0.5f, Activation.SILU, 1e-6f)), layer(0, mlp())));
        specs.add(spec("all", layer(0, attention()), layer(1, new RecurrentNetwork(RecurrentCell.GRU, 9, Bias.NONE,
                RecurrentNetwork.Output.PROJECTED)), layer(2, mlp())));
        return specs.stream();
    }

    private static Mixer attention() {
        return new Attention(3, 1, 8, 0.35f, new Rope.Rotary(8, 10_000, new RopeScaling.None(), Layout.HALF_SPLIT),
                new Span.Causal(), new Norm.None(), Bias.NONE);
    }

    private static Mixer mlp() {
        return new GatedMlp(32, Activation.SILU, Bias.NONE);
    }

    private static Sublayer layer(int layer, Mixer mixer) {
        return new Sublayer(layer, NORM, mixer);
    }

    private static ModelSpec spec(String name, Sublayer... sublayers) {
        return new ModelSpec(name, 128, HIDDEN, 512, Embedding.PLAIN, List.of(sublayers), NORM, Head.SEPARATE);
    }

    private static Engine engine(Model model, Workers workers) {
        // Weights change under way, so no kernels that keep a form of their own.
        return new Engine(model, KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT, 1 << 24);
    }

    private static int[] ids() {
        return TEXT.chars().toArray();
    }

    @ParameterizedTest
    @MethodSource("specs")
    void learns(ModelSpec spec) {
        TokenBatch batch = new TokenBatch().add(ids());
        try (Workers workers = new Workers(1); Model model = FreshModel.create(spec, 1);
                Engine engine = engine(model, workers);
                TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            Adam adam = new Adam(model, training.weightGradients());
            double first = Double.NaN;
            double last = Double.NaN;
            for (int step = 1; step <= 45; step++) {
                last = training.loss(batch);
                first = step == 1 ? last : first;
                adam.step(step);
                training.zeroGradients();
            }
            assertTrue(first > 4.5 && last < 0.4 * first, spec.modelType() + ": " + first + " to " + last);
        }
    }

    @ParameterizedTest
    @MethodSource("specs")
    void anyWayToFeedGivesTheSame(ModelSpec spec) {
        int[] ids = ids();
        try (Workers workers = new Workers(2); Model model = FreshModel.create(spec, 2);
                Engine engine = engine(model, workers); Sequence whole = engine.open(); Sequence steps = engine.open();
                Sequence other = engine.open()) {
            engine.add(whole, ids, 0, ids.length, Outputs.ALL);
            float[] expected = engine.run().toArray();
            int vocab = spec.vocabSize();
            for (int at = 0; at < ids.length; at++) {
                engine.add(other, ids, ids.length - 1 - at, ids.length - at, Outputs.NONE);
                engine.add(steps, ids, at, at + 1, Outputs.LAST);
                float[] row = java.util.Arrays.copyOfRange(expected, at * vocab, (at + 1) * vocab);
                assertArrayEquals(row, engine.run().toArray(), 1e-4f, "token " + at);
            }
        }
    }

    @Test
    void aSeedGivesTheSameWeights() {
        ModelSpec spec = specs().toList().getLast();
        try (Model a = FreshModel.create(spec, 3); Model b = FreshModel.create(spec, 3);
                Model c = FreshModel.create(spec, 4)) {
            assertEquals(Parameters.of(spec).size(), a.checkpoint().names().size());
            assertEquals(sum(a), sum(b));
            assertTrue(sum(a) != sum(c));
        }
    }

    private static double sum(Model model) {
        double sum = 0;
        for (String name : model.checkpoint().names()) {
            for (float x : tensor(model, name).toArray()) {
                sum += x;
            }
        }
        return sum;
    }

    private static Tensor tensor(Model model, String name) {
        try {
            return model.checkpoint().tensor(name);
        } catch (glia.io.CheckpointException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void partsThatDoNotFitAreRefused() {
        Mixer wide = new RecurrentNetwork(RecurrentCell.LSTM, HIDDEN + 1, Bias.NONE, RecurrentNetwork.Output.STATE);
        ModelSpec spec = spec("wide", layer(0, wide));
        String message = assertThrows(IllegalArgumentException.class, () -> FreshModel.create(spec, 1)).getMessage();
        assertTrue(message.contains("25") && message.contains("24"), message);
    }

    /// The optimizer of https://arxiv.org/abs/1412.6980.
    private static final class Adam {
        private final List<Tensor> weights = new ArrayList<>();
        private final List<Tensor> slopes = new ArrayList<>();
        private final List<float[][]> moments = new ArrayList<>();

        Adam(Model model, Gradients gradients) {
            model.weights().all().values().forEach(w -> {
                Tensor t = ((glia.tensor.ops.Weight.Stored) w).tensor();
                weights.add(t);
                slopes.add(gradients.of(w));
                moments.add(new float[2][(int) t.size()]);
            });
        }

        void step(int number) {
            for (int w = 0; w < weights.size(); w++) {
                float[][] m = moments.get(w);
                for (int i = 0; i < m[0].length; i++) {
                    float d = slopes.get(w).get(i);
                    m[0][i] = 0.9f * m[0][i] + 0.1f * d;
                    m[1][i] = 0.99f * m[1][i] + 0.01f * d * d;
                    double mean = m[0][i] / (1 - Math.pow(0.9, number));
                    double square = m[1][i] / (1 - Math.pow(0.99, number));
                    weights.get(w).set(i, (float) (weights.get(w).get(i) - 0.01 * mean / (Math.sqrt(square) + 1e-8)));
                }
            }
        }
    }
}
