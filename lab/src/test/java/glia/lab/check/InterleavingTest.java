package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever happens between the forward and the backward pass, the gradients are the same bits: the pass is reused, the
/// engine generates, another recorder works.
class InterleavingTest {
    private static final int TEXTS = 4;

    /// A recorded loss whose backward pass has not run yet.
    private static final class Learner implements AutoCloseable {
        final Gradients gradients = new Gradients();
        final Recorder recorder;
        private final Model model;

        Learner(Engine engine) {
            model = engine.model();
            recorder = new Recorder(engine.ops().kernels(), gradients);
        }

        double forward(Pass pass) {
            int[] targets = new int[pass.numOutputs()];
            Arrays.setAll(targets, i -> (3 * i + 1) % 11);
            Tensor logits = model.decoder().forward(recorder, pass, States.NONE);
            double loss = recorder.crossEntropy(logits, targets);
            Arrays.fill(targets, 0);
            return loss;
        }

        Map<Weight, float[]> backward() {
            recorder.backward();
            return found();
        }

        Map<Weight, float[]> found() {
            Map<Weight, float[]> all = new LinkedHashMap<>();
            model.weights().all().values().forEach(w -> all.put(w, gradients.of(w).toArray()));
            return all;
        }

        @Override
        public void close() {
            recorder.close();
            gradients.close();
        }
    }

    private static void assertSame(Map<Weight, float[]> expected, Map<Weight, float[]> found) {
        assertEquals(expected.size(), found.size());
        expected.forEach((w, g) -> assertArrayEquals(g, found.get(w), w::format));
        assertTrue(expected.values().stream().anyMatch(g -> g[0] != 0));
    }

    /// Two texts, the shorter first.
    private static Pass texts(Engine engine, int seed) {
        Pass pass = new Pass();
        fill(pass, engine, seed, 5, 9);
        return pass;
    }

    private static void fill(Pass pass, Engine engine, int seed, int... lengths) {
        for (int length : lengths) {
            pass.add(ids(seed, length), 0, length, 0, Outputs.ALL);
            if (engine.model().spec().encoder().isPresent()) {
                pass.from(ids(seed + 1, length + 2), 0, length + 2);
            }
        }
    }

    private static int[] ids(int seed, int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> 3 + (7 * i + seed) % 13);
        return ids;
    }

    private static void generate(Engine engine) {
        int[] ids = ids(5, 6);
        if (engine.model().spec().looksAhead()) {
            engine.read(new Pass().add(ids, 0, ids.length, 0, Outputs.ALL), logits -> null);
            return;
        }
        try (Sequence sequence = engine.open()) {
            for (int i = 0; i < ids.length; i++) {
                if (i == 0 && engine.model().spec().encoder().isPresent()) {
                    engine.add(sequence, Input.of(ids), ids, 0, 1, Outputs.LAST);
                } else {
                    engine.add(sequence, ids, i, i + 1, Outputs.LAST);
                }
                engine.run();
            }
        }
    }

    private interface Between {
        void run(Engine engine, Pass pass, Learner learner);
    }

    private static void check(String folder, Between between) throws CheckpointException {
        for (int segmentSublayers : new int[] {0, 2}) {
            check(folder, segmentSublayers, between);
        }
    }

    private static void check(String folder, int segmentSublayers, Between between) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.FAST,
                        1 << 26);
                Learner plain = new Learner(engine); Learner disturbed = new Learner(engine)) {
            double loss = plain.forward(texts(engine, 1));
            Map<Weight, float[]> expected = plain.backward();
            disturbed.recorder.checkpoint(segmentSublayers);
            Pass pass = texts(engine, 1);
            assertEquals(loss, disturbed.forward(pass));
            between.run(engine, pass, disturbed);
            assertSame(expected, disturbed.backward());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "t5", "mamba", "mamba2", "deepseek_v32", "gemma4_shared", "qwen3_next", "minimax",
        "gpt_oss", "gpt2", "bert"})
    void aPassMayBeReused(String folder) throws CheckpointException {
        check(folder, (engine, pass, learner) -> {
            pass.clear();
            fill(pass, engine, 4, 11, 2, 3);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "t5", "mamba", "mamba2", "deepseek_v32", "gemma4_shared", "qwen3_next", "minimax",
        "gpt_oss", "gpt2", "bert"})
    void theEngineMayGenerate(String folder) throws CheckpointException {
        check(folder, (engine, pass, learner) -> generate(engine));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "t5", "mamba2", "deepseek_v32"})
    void anotherRecorderMayWork(String folder) throws CheckpointException {
        check(folder, (engine, pass, learner) -> {
            try (Learner other = new Learner(engine); Learner later = new Learner(engine)) {
                pass.clear();
                fill(pass, engine, 2, 4, 4);
                other.forward(pass);
                later.forward(pass);
                other.backward();
                later.recorder.clear();
                later.forward(texts(engine, 3));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "deepseek_v32"})
    void twoRecordersTakeTurns(String folder) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT,
                        1 << 26);
                Learner one = new Learner(engine); Learner two = new Learner(engine);
                Learner first = new Learner(engine); Learner second = new Learner(engine)) {
            one.forward(texts(engine, 1));
            Map<Weight, float[]> expectedOfOne = one.backward();
            two.forward(texts(engine, 2));
            Map<Weight, float[]> expectedOfTwo = two.backward();
            Pass pass = texts(engine, 1);
            first.forward(pass);
            generate(engine);
            pass.clear();
            fill(pass, engine, 2, 5, 9);
            second.forward(pass);
            assertSame(expectedOfOne, first.backward());
            generate(engine);
            pass.clear();
            assertSame(expectedOfTwo, second.backward());
        }
    }

    /// An abandoned recording leaves nothing behind.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "deepseek_v32"})
    void aRecordingMayBeGivenUp(String folder) throws CheckpointException {
        check(folder, (engine, pass, learner) -> {
            learner.recorder.clear();
            learner.forward(texts(engine, 6));
            learner.recorder.clear();
            learner.forward(texts(engine, 1));
        });
    }

    /// Random programs of two recorders, an engine and one pass for all of them. A recorder may record several passes
    /// before its backward pass: then gradients are the sums of those of each.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma4_shared", "deepseek_v32", "qwen3_next"})
    void anyOrderGivesTheSame(String folder) throws CheckpointException {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(GoldenTest.folder(folder));
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.FAST,
                        1 << 26)) {
            List<Map<Weight, float[]>> single = new ArrayList<>();
            for (int text = 0; text < TEXTS; text++) {
                try (Learner learner = new Learner(engine)) {
                    learner.forward(texts(engine, text));
                    single.add(learner.backward());
                }
            }
            for (int seed = 0; seed < 6; seed++) {
                try (Learner one = new Learner(engine); Learner two = new Learner(engine)) {
                    run(engine, new Random(seed), List.of(one, two), single);
                }
            }
        }
    }

    private static void run(Engine engine, Random random, List<Learner> learners, List<Map<Weight, float[]>> single) {
        List<List<Integer>> recorded = List.of(new ArrayList<>(), new ArrayList<>());
        List<List<Integer>> learned = List.of(new ArrayList<>(), new ArrayList<>());
        Pass pass = new Pass();
        for (int step = 0; step < 14; step++) {
            int who = random.nextInt(2);
            Learner learner = learners.get(who);
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    int text = random.nextInt(TEXTS);
                    pass.clear();
                    fill(pass, engine, text, 5, 9);
                    learner.recorder.checkpoint(random.nextInt(3));
                    learner.forward(pass);
                    recorded.get(who).add(text);
                }
                case 2, 3 -> {
                    learner.recorder.backward();
                    learned.get(who).addAll(recorded.get(who));
                    recorded.get(who).clear();
                }
                case 4 -> generate(engine);
                default -> {
                    pass.clear();
                    pass.add(ids(1, 4), 0, 4, 0, Outputs.ALL);
                    // No logits have this target: the recording is abandoned.
                    Tensor logits = engine.model().decoder().forward(learner.recorder, pass, States.NONE);
                    assertThrows(IllegalArgumentException.class,
                            () -> learner.recorder.crossEntropy(logits, new int[] {0, 1, 1 << 30, 2}));
                    learner.recorder.clear();
                    recorded.get(who).clear();
                }
            }
        }
        for (int who = 0; who < 2; who++) {
            Map<Weight, float[]> found = learners.get(who).found();
            List<Integer> texts = learned.get(who);
            found.forEach((w, g) -> assertSum(texts.stream().map(text -> single.get(text).get(w)).toList(), g));
        }
    }

    private static void assertSum(List<float[]> parts, float[] found) {
        float[] sum = new float[found.length];
        float largest = 0;
        for (float[] part : parts) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part[i];
                largest = Math.max(largest, Math.abs(part[i]));
            }
        }
        assertArrayEquals(sum, found, 1e-5f * largest + Float.MIN_NORMAL);
    }
}
