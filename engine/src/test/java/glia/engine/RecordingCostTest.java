package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What recordings cost. Frozen weights cost no products and no memory of gradients, and what lies below the first
/// trainable one is not recorded; segments that are computed again cost little memory; and further steps cost no more.
class RecordingCostTest {
    private static final int HIDDEN = 64;
    private static final int TOKENS = 512;
    private static final Norm NORM = new Norm.Rms(1e-6f, 0);

    private static Mixer attention() {
        return new Attention(4, 2, 16, 0.25f, new Rope.Rotary(16, 10_000, new RopeScaling.None(), Layout.HALF_SPLIT),
                new Span.Causal(), new Norm.None(), Bias.NONE);
    }

    private static Mixer experts() {
        return new Experts(4, 32, new MlpForm.Gated(Activation.SILU), Bias.NONE,
                Router.plain(2, Router.Score.SOFTMAX, Router.Share.NORMALIZED), ExpertMlp.Weighting.OUTPUT,
                new Experts.Shared.None());
    }

    /// Layers of attention and the mixer.
    private static ModelSpec spec(int numLayers, Mixer mixer) {
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; i < numLayers; i++) {
            sublayers.add(new Sublayer(i, NORM, attention()));
            sublayers.add(new Sublayer(i, NORM, mixer));
        }
        return new ModelSpec("small", 96, HIDDEN, TOKENS, Embedding.PLAIN, sublayers, NORM, Head.SEPARATE);
    }

    private static ModelSpec spec(int numLayers) {
        return spec(numLayers, new GatedMlp(160, Activation.SILU, Bias.NONE));
    }

    /// What a step did.
    private record Step(Map<String, Integer> calls, long gradientBytes, long workspaceBytes) {
        int calls(String method) {
            return calls.getOrDefault(method, 0);
        }
    }

    private static Step step(ModelSpec spec, Predicate<Parameter> trainable) {
        return step(spec, trainable, 0);
    }

    private static Step step(ModelSpec spec, Predicate<Parameter> trainable, int segmentSublayers) {
        Map<String, Integer> calls = new TreeMap<>();
        try (Workers workers = new Workers(2); Model model = FreshModel.create(spec, 3);
                Gradients gradients = new Gradients()) {
            Kernels kernels = KernelBackends.choose("vector", workers).kernels();
            Kernels counting = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(),
                    new Class<?>[] {Kernels.class}, (proxy, method, args) -> {
                        calls.merge(method.getName(), 1, Integer::sum);
                        try {
                            return method.invoke(kernels, args);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            List<Weight> learning = new ArrayList<>();
            model.weights().all().forEach((p, w) -> {
                if (trainable.test(p)) {
                    learning.add(w);
                }
            });
            try (Recorder recorder = new Recorder(counting, gradients, learning::contains)) {
                recorder.checkpoint(segmentSublayers);
                learn(model, recorder, TOKENS);
                return new Step(calls, gradients.sizeBytes(), recorder.sizeBytes());
            }
        }
    }

    private static void learn(Model model, Recorder recorder, int numTokens) {
        int[] ids = new int[numTokens];
        Arrays.setAll(ids, i -> 7 * i % 96);
        Tensor logits = model.decoder().forward(recorder, new Pass().add(ids, 0, ids.length, 0, Outputs.ALL),
                States.NONE);
        recorder.crossEntropy(logits, ids);
        recorder.backward();
    }

    private static Parameter weight(int sublayer, Role role) {
        return new Parameter(Place.of(sublayer), role);
    }

    @Test
    void allWeightsTakeTwoProductsEach() {
        Step step = step(spec(2), p -> true);
        // Seven products a layer and the head.
        assertEquals(15, step.calls("linearBackwardWeight"));
        assertEquals(15, step.calls("linearBackwardInput"));
        assertEquals(2, step.calls("attentionBackward"));
    }

    @Test
    void theLastMapAloneNeedsTheHeadOnly() {
        Step step = step(spec(3), weight(5, Role.DOWN)::equals);
        assertEquals(1, step.calls("linearBackwardWeight"));
        assertEquals(1, step.calls("linearBackwardInput"));
        assertEquals(0, step.calls("attentionBackward"));
        assertEquals(4L * HIDDEN * 160, step.gradientBytes);
    }

    @Test
    void aNormInTheMiddleCostsNoProductOfWeightsAndNothingBelow() {
        Step step = step(spec(3), weight(2, Role.BEFORE_WEIGHT)::equals);
        assertEquals(0, step.calls("linearBackwardWeight"));
        // Two layers of seven and the head: the norm is the first thing of the second layer.
        assertEquals(15, step.calls("linearBackwardInput"));
        assertEquals(2, step.calls("attentionBackward"));
        assertEquals(4L * HIDDEN, step.gradientBytes);
    }

    @Test
    void theEmbeddingAloneCostsNoProductOfWeights() {
        Step step = step(spec(2), p -> p.role() == Role.EMBEDDING);
        assertEquals(0, step.calls("linearBackwardWeight"));
        assertEquals(15, step.calls("linearBackwardInput"));
        assertEquals(4L * 96 * HIDDEN, step.gradientBytes);
    }

    @Test
    void theHeadAloneCostsOneProduct() {
        Step step = step(spec(2), p -> p.role() == Role.HEAD);
        assertEquals(1, step.calls("linearBackwardWeight"));
        assertEquals(0, step.calls("linearBackwardInput"));
    }

    @Test
    void expertsLearnOneByOne() {
        ModelSpec spec = spec(1, experts());
        Step all = step(spec, p -> true);
        // Attention has four, the router one, each of four experts three, and the head one.
        assertEquals(18, all.calls("linearBackwardWeight"));
        Step down = step(spec, new Parameter(Place.of(1), Role.DOWN, 2)::equals);
        assertEquals(1, down.calls("linearBackwardWeight"));
        assertEquals(1, down.calls("linearBackwardInput"));
        Step gate = step(spec, new Parameter(Place.of(1), Role.GATE, 2)::equals);
        assertEquals(1, gate.calls("linearBackwardWeight"));
        // The head, and the expert's own map down.
        assertEquals(2, gate.calls("linearBackwardInput"));
        Step router = step(spec, p -> p.role() == Role.ROUTER);
        assertEquals(1, router.calls("linearBackwardWeight"));
        assertEquals(1, router.calls("linearBackwardInput"));
    }

    @Test
    void memoryDoesNotGrowWithTheLayersBelow() {
        Predicate<Parameter> isHead = p -> p.role() == Role.HEAD;
        assertEquals(step(spec(2), isHead).workspaceBytes, step(spec(24), isHead).workspaceBytes);
        long all = step(spec(24), p -> true).workspaceBytes;
        assertTrue(all > 2 * step(spec(24), isHead).workspaceBytes, () -> all + " bytes");
    }

    @Test
    void nothingIsRecordedWithoutTrainableWeights() {
        Step step = step(spec(2), p -> false);
        assertEquals(0, step.calls("linearBackwardInput"));
        assertEquals(0, step.gradientBytes);
    }

    @Test
    void whatHasNoGradientCannotBeSeeded() {
        try (Workers workers = new Workers(1); Model model = FreshModel.create(spec(1), 3);
                Gradients gradients = new Gradients(); Recorder recorder = new Recorder(
                        KernelBackends.choose("scalar", workers).kernels(), gradients, w -> false)) {
            Tensor logits = model.decoder().forward(recorder, new Pass().add(new int[] {1, 2}, 0, 2, 0, Outputs.ALL),
                    States.NONE);
            assertThrows(IllegalArgumentException.class, () -> recorder.gradient(logits));
        }
    }

    @Test
    void segmentsTakeAThirdOfTheMemoryAndOneMoreForwardPass() {
        Step kept = step(spec(40), p -> true);
        Step again = step(spec(40), p -> true, 2);
        assertTrue(3 * again.workspaceBytes <= kept.workspaceBytes,
                () -> again.workspaceBytes + " of " + kept.workspaceBytes + " bytes");
        assertEquals(40, kept.calls("attention"));
        assertEquals(80, again.calls("attention"));
        assertEquals(kept.calls("linearBackwardWeight"), again.calls("linearBackwardWeight"));
        assertEquals(kept.calls("linearBackwardInput"), again.calls("linearBackwardInput"));
    }

    /// Layers 0 to 2 are not run again: nothing below sublayer 6 is trainable.
    @Test
    void segmentsBelowTheFirstTrainableWeightRunOnce() {
        Step step = step(spec(5), weight(6, Role.BEFORE_WEIGHT)::equals, 2);
        assertEquals(5 + 2, step.calls("attention"));
        assertEquals(2, step.calls("attentionBackward"));
        long few = step(spec(2), p -> p.role() == Role.HEAD, 2).workspaceBytes;
        assertEquals(few, step(spec(40), p -> p.role() == Role.HEAD, 2).workspaceBytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4})
    void laterStepsAllocateNothing(int segmentSublayers) {
        try (Workers workers = new Workers(2); Model model = FreshModel.create(spec(12), 3);
                Gradients gradients = new Gradients();
                Recorder recorder = new Recorder(KernelBackends.choose("vector", workers).kernels(), gradients)) {
            recorder.checkpoint(segmentSublayers);
            int[] lengths = {512, 77, 300, 1};
            for (int length : lengths) {
                learn(model, recorder, length);
            }
            long bytes = recorder.sizeBytes();
            for (int step = 0; step < 9; step++) {
                learn(model, recorder, lengths[5 * step % 4]);
                assertEquals(bytes, recorder.sizeBytes(), "step " + step);
            }
        }
    }
}
