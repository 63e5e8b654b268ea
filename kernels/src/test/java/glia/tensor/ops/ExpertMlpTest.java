package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.kernels.emitted.EmittedKernels;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.expert.ExpertLinear;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router.Score;
import glia.tensor.ops.expert.Router.Share;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Mixtures of experts compared with each expert's formula for each token, values and gradients.
class ExpertMlpTest {
    private static final int EXPERTS = 5;
    private static final int HIDDEN = 7;
    private static final int WIDTH = 6;
    private static final Router ROUTER = Router.plain(2, Score.SOFTMAX, Share.NORMALIZED);

    /// A mixture with all parameters of a case. Inputs: x, logits, then for each expert gate, up, down and their
    /// biases.
    private record Mixture(MlpForm form, Weighting weighting, boolean biased, int tokens, Router router) {
        long[][] shapes() {
            List<long[]> shapes = new ArrayList<>(List.of(new long[] {tokens, HIDDEN}, new long[] {tokens, EXPERTS}));
            for (int e = 0; e < EXPERTS; e++) {
                shapes.addAll(List.of(new long[] {WIDTH, HIDDEN}, new long[] {WIDTH, HIDDEN},
                        new long[] {HIDDEN, WIDTH}, new long[] {WIDTH}, new long[] {WIDTH}, new long[] {HIDDEN}));
            }
            return shapes.toArray(long[][]::new);
        }

        private ExpertLinear bank(Weight[] w, int which) {
            return new ExpertLinear(IntStream.range(0, EXPERTS).mapToObj(e -> w[2 + 6 * e + which]).toList(),
                    biased ? IntStream.range(0, EXPERTS).mapToObj(e -> w[2 + 6 * e + 3 + which]).toList() : List.of());
        }

        Tensor run(Recorder ops, Weight[] w) {
            Routing routing = new Routing(rows(ops, w[1]), router, Optional.empty());
            Tensor weights = ops.apply(routing);
            var experts = new ExpertMlp.Experts(
                    form, form.isGated() ? bank(w, 0) : ExpertLinear.NONE, bank(w, 1), bank(w, 2));
            return ops.apply(new ExpertMlp(rows(ops, w[0]), weights, routing, experts, weighting));
        }

        double[] formula(double[][] w) {
            RouterReference reference = new RouterReference(router, EXPERTS);
            double[] y = new double[tokens * HIDDEN];
            for (int n = 0; n < tokens; n++) {
                double[] x = Arrays.copyOfRange(w[0], n * HIDDEN, (n + 1) * HIDDEN);
                List<Integer> chosen = reference.choose(reference.row(w[1], n));
                double[] weights = reference.weights(reference.row(w[1], n));
                for (int j = 0; j < weights.length; j++) {
                    double weight = weights[j];
                    boolean input = weighting == Weighting.INPUT;
                    double[] in = Arrays.stream(x).map(v -> input ? weight * v : v).toArray();
                    double[] out = expert(w, chosen.get(j), in);
                    for (int i = 0; i < HIDDEN; i++) {
                        y[n * HIDDEN + i] += out[i] * (input ? 1 : weight);
                    }
                }
            }
            return y;
        }

        private double[] map(double[][] w, int expert, int which, double[] x) {
            double[] y = Reference.linear(x, w[2 + 6 * expert + which], x.length);
            return biased ? Reference.add(y, w[2 + 6 * expert + 3 + which], 1) : y;
        }

        private double[] expert(double[][] w, int expert, double[] x) {
            double[] gate = map(w, expert, 0, x);
            double[] up = map(w, expert, 1, x);
            double[] hidden = IntStream.range(0, WIDTH).mapToDouble(i -> switch (form) {
                case MlpForm.Gated f -> f.activation().value(gate[i]) * up[i];
                case MlpForm.Plain f -> f.activation().value(up[i]);
                case MlpForm.Clamped f -> {
                    double g = Math.min(gate[i], f.limit());
                    double u = Math.clamp(up[i], -f.limit(), f.limit());
                    yield (u + 1) * g / (1 + Math.exp(-f.slope() * g));
                }
                case MlpForm.SoftCapped f -> f.gateCap() * Math.tanh(gate[i] / f.gateCap())
                        / (1 + Math.exp(-gate[i])) * f.upCap() * Math.tanh(up[i] / f.upCap());
                case MlpForm.Cut f -> f.activation().value(Math.min(gate[i], f.limit()))
                        * Math.clamp(up[i], -f.limit(), f.limit());
            }).toArray();
            return map(w, expert, 2, hidden);
        }

        Case toCase() {
            return new Case(toString(), DType.F32, shapes(), this::run, this::formula);
        }
    }

    static Stream<Object[]> cases() {
        MlpForm silu = new MlpForm.Gated(Activation.SILU);
        List<Mixture> mixtures = List.of(
                new Mixture(silu, Weighting.OUTPUT, false, 9, ROUTER),
                new Mixture(silu, Weighting.OUTPUT, false, 1, ROUTER),
                new Mixture(new MlpForm.SoftCapped(0.7f, 0.4f), Weighting.OUTPUT, false, 5, ROUTER),
                new Mixture(silu, Weighting.INPUT, false, 6, Router.plain(1, Score.SIGMOID, Share.AS_IS)),
                new Mixture(silu, Weighting.INPUT, false, 1, Router.plain(2, Score.SIGMOID, Share.AS_IS)),
                new Mixture(new MlpForm.Gated(Activation.GELU_TANH), Weighting.OUTPUT, true, 4,
                        Router.plain(5, Score.LOGIT, Share.SOFTMAX)),
                new Mixture(new MlpForm.Plain(Activation.RELU_SQUARED), Weighting.OUTPUT, false, 5, ROUTER),
                new Mixture(new MlpForm.Plain(Activation.SILU), Weighting.OUTPUT, true, 1, ROUTER),
                new Mixture(new MlpForm.Clamped(1.702f, 1.5f), Weighting.OUTPUT, true, 8,
                        Router.plain(2, Score.LOGIT, Share.SOFTMAX)),
                new Mixture(new MlpForm.Cut(Activation.GELU, 1.2f), Weighting.OUTPUT, false, 6, ROUTER));
        return mixtures.stream().flatMap(m -> kernels().map(set -> new Object[] {m.toCase(), set}));
    }

    static Stream<String> kernels() {
        return Stream.of("scalar", "vector", "emitted")
                .filter(set -> !set.equals("emitted") || EmittedKernels.obstacle().isEmpty());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("cases")
    void valuesAndGradientsMatchTheFormula(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    /// Weights of experts that no token chose throw on access.
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void unchosenExpertsAreNotReadAndGetNoGradient(int tokens) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose("scalar", workers).kernels(), gradients)) {
            Mixture mixture = new Mixture(new MlpForm.Gated(Activation.SILU), Weighting.OUTPUT, false, tokens, ROUTER);
            Random random = new Random(3);
            Weight[] w = Arrays.stream(mixture.shapes())
                    .map(s -> new Weight.Stored(GradientCheck.random(arena, DType.F32, random, s)))
                    .toArray(Weight[]::new);
            Tensor logits = Compute.stored(w[1]);
            for (long i = 0; i < logits.size(); i++) {
                logits.set(i, i % EXPERTS == 1 || i % EXPERTS == 3 ? 5 : 0);
            }
            for (int e : new int[] {0, 2, 4}) {
                for (int which = 0; which < 3; which++) {
                    Tensor t = Compute.stored(w[2 + 6 * e + which]);
                    for (long i = 0; i < t.size(); i++) {
                        t.set(i, Float.NaN);
                    }
                }
            }
            Tensor y = mixture.run(ops, w);
            for (long i = 0; i < y.size(); i++) {
                assertTrue(Float.isFinite(y.get(i)));
                ops.gradient(y).set(i, 1);
            }
            ops.backward();
            for (int e = 0; e < EXPERTS; e++) {
                double size = Arrays.stream(GradientCheck.toDoubles(gradients.of(w[2 + 6 * e]))).map(Math::abs).sum();
                assertEquals(e == 1 || e == 3, size > 0, "expert " + e);
            }
            double router = Arrays.stream(GradientCheck.toDoubles(gradients.of(w[1]))).map(Math::abs).sum();
            assertTrue(router > 0);
        }
    }

    @Test
    void mapsThatDoNotFitAreRejected() {
        try (Arena arena = Arena.ofConfined()) {
            Weight w = new Weight.Stored(Tensor.allocate(arena, DType.F32, 3, 3));
            ExpertLinear one = new ExpertLinear(List.of(w), List.of());
            ExpertLinear two = new ExpertLinear(List.of(w, w), List.of());
            MlpForm gated = new MlpForm.Gated(Activation.SILU);
            MlpForm plain = new MlpForm.Plain(Activation.SILU);
            assertThrows(IllegalArgumentException.class, () -> new ExpertLinear(List.of(w, w), List.of(w)));
            assertThrows(IllegalArgumentException.class, () -> new MlpForm.Clamped(0, 1));
            assertThrows(IllegalArgumentException.class, () -> new ExpertMlp.Experts(gated, one, two, two));
            assertThrows(IllegalArgumentException.class,
                    () -> new ExpertMlp.Experts(gated, ExpertLinear.NONE, two, two));
            assertThrows(IllegalArgumentException.class, () -> new ExpertMlp.Experts(plain, two, two, two));
            assertThrows(IllegalArgumentException.class,
                    () -> new ExpertMlp.Experts(plain, ExpertLinear.NONE, two, one));
        }
    }
}
