package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Recordings with products of BF16 numbers give nearly the gradients of exact ones, those of other precisions give
/// these very gradients.
class HalfRecordingTest {
    /// The length of the difference of all gradients, in lengths of the exact ones. BF16 has a precision of 2^-8; the
    /// largest differences found are 0.018 of dense models and 0.063 of mixtures of experts.
    private static final double TOLERANCE = 0.1;
    /// One weight's gradient may be small beside what it comes from.
    private static final double ONE_TOLERANCE = 0.4;
    /// The same for all gradients of a mixture of experts whose scores are close: a token may take another expert.
    private static final double ROUTED_TOLERANCE = 0.5;

    private static double learn(Model model, Kernels kernels, Gradients gradients, Precision precision) {
        return learn(model, kernels, gradients, precision, 0, w -> true);
    }

    private static double learn(Model model, Kernels kernels, Gradients gradients, Precision precision,
            int checkpoint, Predicate<Weight> trainable) {
        int[] ids = new int[48];
        Arrays.setAll(ids, i -> 3 + 5 * i % 13);
        Pass pass = new Pass();
        pass.add(ids, 0, ids.length, 0, Outputs.ALL);
        int[] targets = new int[ids.length];
        Arrays.setAll(targets, i -> (3 * i + 1) % 11);
        try (Recorder recorder = new Recorder(kernels, gradients, trainable, precision)) {
            recorder.checkpoint(checkpoint);
            Set<Weight> routers = model.sources().keySet().stream().filter(p -> p.role() == Role.ROUTER)
                    .map(model.weights()::get).collect(Collectors.toSet());
            recorder.keepUnrounded(routers::contains);
            double loss = recorder.crossEntropy(model.decoder().forward(recorder, pass, States.NONE), targets);
            recorder.backward();
            return loss;
        }
    }

    /// Activations are stored as BF16 and restored, or recomputed; the gradients are the same.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "gemma3_text", "gemma4_text_moe", "mixtral", "gpt2", "bert", "bloom",
        "deepseek_v3", "gpt_oss", "mamba", "mamba2", "qwen3_next", "falcon_h1", "jamba", "minimax", "nemotron_h"})
    void checkpointsOfActivationsChangeNoBit(String family) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(family));
                Gradients all = new Gradients(); Gradients some = new Gradients(); Gradients few = new Gradients();
                Gradients exact = new Gradients()) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            double loss = learn(model, kernels, all, Precision.HALF);
            assertEquals(loss, learn(model, kernels, some, Precision.HALF, 2, w -> true));
            assertEquals(loss, learn(model, kernels, few, Precision.HALF, 3, w -> true));
            assertEquals(loss, learn(model, kernels, exact, Precision.EXACT), 0.02 * loss);
            double difference = 0;
            double length = 0;
            for (Weight w : model.weights().all().values()) {
                if (all.find(w).isPresent()) {
                    assertEquals(0, norm(all.of(w), some.of(w)), () -> Arrays.toString(w.shape()));
                    assertEquals(0, norm(all.of(w), few.of(w)), () -> Arrays.toString(w.shape()));
                    difference += norm(all.of(w), exact.of(w));
                    length += norm(exact.of(w), null);
                }
            }
            double relative = Math.sqrt(difference / length);
            boolean isRouted = model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER);
            assertTrue(relative < (isRouted ? ROUTED_TOLERANCE : TOLERANCE), () -> family + ": " + relative);
        }
    }

    /// Frozen layers change which activations are recorded, overwritten and stored, and no gradient of the others.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "gemma3_text", "gemma4_text_moe", "mixtral", "gpt2", "bert", "bloom",
        "deepseek_v3", "gpt_oss", "mamba", "mamba2", "qwen3_next", "falcon_h1", "jamba", "minimax", "nemotron_h"})
    void frozenLayersChangeNoBitOfOtherGradients(String family) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(family));
                Gradients all = new Gradients()) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            double loss = learn(model, kernels, all, Precision.HALF);
            Map<Integer, List<Weight>> layers = model.sources().keySet().stream().collect(Collectors.groupingBy(
                    Parameter::sublayer, Collectors.mapping(model.weights()::get, Collectors.toList())));
            assertTrue(layers.size() > 2, layers.keySet()::toString);
            for (List<Weight> trainable : layers.values()) {
                try (Gradients some = new Gradients()) {
                    assertEquals(loss, learn(model, kernels, some, Precision.HALF, 0, trainable::contains));
                    for (Weight w : model.weights().all().values()) {
                        assertEquals(trainable.contains(w) && all.find(w).isPresent(), some.find(w).isPresent());
                        some.find(w).ifPresent(gradient -> assertEquals(0, norm(all.of(w), gradient),
                                () -> Arrays.toString(w.shape())));
                    }
                }
            }
        }
    }

    private static double norm(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.size(); i++) {
            double d = a.get(i) - (b == null ? 0 : b.get(i));
            sum += d * d;
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma2", "mixtral", "gpt2", "deepseek_v3"})
    void gradientsAreNearThoseOfExactProducts(String family) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(family))) {
            boolean isRouted = model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER);
            for (String name : KernelNames.here()) {
                Kernels kernels = KernelBackends.choose(name, workers).kernels();
                try (Gradients exact = new Gradients(); Gradients half = new Gradients();
                        Gradients fast = new Gradients()) {
                    double loss = learn(model, kernels, exact, Precision.EXACT);
                    assertEquals(loss, learn(model, kernels, fast, Precision.FAST), 0, name);
                    assertEquals(loss, learn(model, kernels, half, Precision.HALF), 0.01 * loss, name);
                    double differences = 0;
                    double lengths = 0;
                    double all = model.weights().all().values().stream().filter(w -> exact.find(w).isPresent())
                            .mapToDouble(w -> norm(exact.of(w), null)).sum();
                    for (Weight w : model.weights().all().values()) {
                        if (exact.find(w).isEmpty()) {
                            continue;
                        }
                        assertEquals(0, norm(exact.of(w), fast.of(w)), name);
                        double difference = norm(exact.of(w), half.of(w));
                        double length = norm(exact.of(w), null);
                        // Near a tie a token takes another expert, and gradients differ as a whole.
                        assertTrue(isRouted
                                || Math.sqrt(difference) <= ONE_TOLERANCE * Math.sqrt(length) + 2e-3 * Math.sqrt(all),
                                () -> name + ": " + Arrays.toString(w.shape()) + " " + Math.sqrt(difference / length));
                        differences += difference;
                        lengths += length;
                    }
                    double relative = Math.sqrt(differences / lengths);
                    assertTrue(relative < (isRouted ? ROUTED_TOLERANCE : TOLERANCE),
                            () -> name + ": " + relative);
                    assertTrue(relative > 0, name);
                }
            }
        }
    }
}
