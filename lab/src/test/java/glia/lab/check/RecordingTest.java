package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
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
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
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
            long at = i;
            assertEquals((double) expected.get(i), found.get(i), 0, () -> parameter + ", number " + at);
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void segmentsThatAreComputedAgainGiveTheSame(String folder) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Gradients kept = new Gradients()) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            learn(model, kernels, kept, w -> true, 0);
            for (int sublayers : new int[] {1, 2, 3, 1000}) {
                try (Gradients again = new Gradients()) {
                    learn(model, kernels, again, w -> true, sublayers);
                    model.weights().all().forEach((p, w) -> assertSame(p, kept.of(w), again.of(w)));
                }
            }
        }
    }

    /// A draft layer's loss reaches the layers that gave its input.
    @Test
    void draftsLearnThroughSegments() throws CheckpointException {
        try (LoadedModel loaded = LoadedModel.load(DraftTest.folder(), new LoadOptions(2, 0, "best", Precision.EXACT),
                Progress.NONE); Gradients kept = new Gradients(); Gradients again = new Gradients()) {
            learnByDraft(loaded.engine(), kept, 0);
            learnByDraft(loaded.engine(), again, 1);
            Model model = loaded.engine().model();
            model.weights().all().forEach((p, w) -> assertSame(p, kept.of(w), again.of(w)));
            Tensor embedding = kept.of(model.weights().get(Parameter.of(Role.EMBEDDING)));
            Tensor first = kept.of(model.weights().get(new Parameter(Place.of(0), Role.BEFORE_WEIGHT)));
            assertTrue(IntStream.range(0, (int) embedding.size()).anyMatch(i -> embedding.get(i) != 0));
            assertTrue(IntStream.range(0, (int) first.size()).anyMatch(i -> first.get(i) != 0));
        }
    }

    private static void learnByDraft(Engine engine, Gradients gradients, int segmentSublayers) {
        int[] ids = {3, 5, 4, 9, 7, 6, 8};
        try (Recorder recorder = new Recorder(engine.ops().kernels(), gradients)) {
            recorder.checkpoint(segmentSublayers);
            Pass pass = new Pass().add(ids, 0, 6, 0, Outputs.ALL);
            Tensor hidden = engine.decoder().hidden(recorder, pass, States.NONE);
            pass.clear();
            Tensor draft = engine.decoder().draft(0, recorder, hidden, pass.add(ids, 1, 7, 0, Outputs.ALL),
                    States.NONE);
            Tensor logits = engine.decoder().logits(recorder, draft, pass, States.NONE);
            pass.clear();
            recorder.crossEntropy(logits, new int[] {1, 2, 3, 4, 5, 6});
            recorder.backward();
        }
    }
}
