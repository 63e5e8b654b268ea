package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.kernels.KernelSets;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.block.States;
import glia.model.spec.Parameter;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Gradients;
import glia.tensor.ops.Recorder;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradients of every family do not depend on how they are had: a weight that learns alone, all others frozen, gets the
/// gradient that it gets among all; and layers that are computed again in the backward pass give what kept ones give.
class RecordingTest {
    /// Weights of each model that are tried.
    private static final int SAMPLES = 6;

    private static List<String> folders() {
        return GoldenTest.folders();
    }

    private static void learn(Model model, Kernels kernels, Gradients gradients, Predicate<Weight> trainable,
            int segmentSublayers) {
        int[] ids = new int[12];
        Arrays.setAll(ids, i -> 3 + 5 * i % 13);
        Pass pass = new Pass();
        for (int length : new int[] {5, 12}) {
            pass.add(ids, 0, length, 0, Outputs.ALL);
            if (model.spec().encoder().isPresent()) {
                pass.from(ids, 1, length);
            }
        }
        int[] targets = new int[pass.numOutputs()];
        Arrays.setAll(targets, i -> (3 * i + 1) % 11);
        try (Recorder recorder = new Recorder(kernels, gradients, trainable)) {
            recorder.checkpoint(segmentSublayers);
            recorder.crossEntropy(model.decoder().forward(recorder, pass, States.NONE), targets);
            recorder.backward();
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void aWeightLearnsAloneWhatItLearnsAmongAll(String folder) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Gradients all = new Gradients()) {
            Kernels kernels = KernelSets.choose("vector", workers).kernels();
            learn(model, kernels, all, w -> true, 0);
            List<Map.Entry<Parameter, Weight>> entries = new ArrayList<>(model.weights().all().entrySet());
            entries.sort(Comparator.comparing(e -> e.getKey().toString()));
            Collections.shuffle(entries, new Random(folder.hashCode()));
            for (Map.Entry<Parameter, Weight> chosen : entries.subList(0, Math.min(SAMPLES, entries.size()))) {
                try (Gradients one = new Gradients()) {
                    learn(model, kernels, one, w -> w == chosen.getValue(), 0);
                    assertSame(chosen.getKey(), all.of(chosen.getValue()), one.of(chosen.getValue()));
                    assertEquals(all.of(chosen.getValue()).sizeBytes(), one.sizeBytes(), "memory of gradients");
                }
            }
            assertTrue(all.sizeBytes() > 0);
        }
    }

    private static void assertSame(Parameter parameter, Tensor expected, Tensor found) {
        for (long i = 0; i < expected.size(); i++) {
            assertEquals((double) expected.get(i), found.get(i), 0, parameter + ", number " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void segmentsThatAreComputedAgainGiveTheSame(String folder) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Gradients kept = new Gradients()) {
            Kernels kernels = KernelSets.choose("vector", workers).kernels();
            learn(model, kernels, kept, w -> true, 0);
            for (int sublayers : new int[] {1, 2, 3, 1000}) {
                try (Gradients again = new Gradients()) {
                    learn(model, kernels, again, w -> true, sublayers);
                    model.weights().all().forEach((p, w) -> assertSame(p, kept.of(w), again.of(w)));
                }
            }
        }
    }
}
