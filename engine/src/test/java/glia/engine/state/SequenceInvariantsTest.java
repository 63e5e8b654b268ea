package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/// Any way of feeding the same tokens gives the logits of a pass over the whole text without any state: chunks of any
/// size, batches of sequences, forks, truncation and recomputation, passes that fail in between. On
/// batch-invariant kernels they are the same numbers.
class SequenceInvariantsTest {
    private static final int NUM_SEQUENCES = 3;
    private static final int PAGE = 64;
    /// Ten times what kernels that add in other orders differ by; a page too few or a position off by one shows in the
    /// first digit.
    private static final double TOLERANCE = 3e-5;

    /// Something that is done to sequences. Sequences are chosen by the bits of a number, the length to keep as a
    /// share of what is there.
    sealed interface Step {
        record Feed(int chosen, int size, int otherSize, Outputs outputs) implements Step { }

        record Fail(int chosen, int size) implements Step { }

        record Truncate(int chosen, int percent) implements Step { }

        record Reopen(int chosen) implements Step { }

        /// Goes on with a copy.
        record Fork(int chosen) implements Step { }
    }

    @Provide
    Arbitrary<TinyConfig> configs() {
        Arbitrary<String> families =
                Arbitraries.of("llama", "mistral", "gemma3_text", "gpt2", "smollm3", "qwen2", "qwen3");
        Arbitrary<int[]> heads = Arbitraries.of(new int[] {1, 1}, new int[] {2, 1}, new int[] {2, 2}, new int[] {6, 2});
        return Combinators.combine(families, Arbitraries.integers().between(1, 4), heads,
                Arbitraries.of(2, 4, 6, 16), Arbitraries.of(0, 1, 2, 5, 63, 64, 65, 66, 100)).as(
                        (family, layers, h, size, window) -> new TinyConfig(family, layers, h[0], h[1], size, window));
    }

    @Provide
    Arbitrary<List<Step>> scripts() {
        Arbitrary<Integer> chosen = Arbitraries.integers().between(1, (1 << NUM_SEQUENCES) - 1);
        Arbitrary<Integer> sizes = Arbitraries.of(1, 2, 3, 7, 31, 62, 63, 64, 65, 100, 127, 128, 129);
        Arbitrary<Step> feed = Combinators.combine(chosen, sizes, sizes, Arbitraries.of(Outputs.class))
                .as(Step.Feed::new);
        Arbitrary<Step> fail = Combinators.combine(chosen, sizes).as(Step.Fail::new);
        Arbitrary<Step> truncate = Combinators.combine(chosen, Arbitraries.integers().between(0, 100))
                .as(Step.Truncate::new);
        Arbitrary<Step> step = Arbitraries.frequencyOf(Tuple.of(6, feed), Tuple.of(1, fail),
                Tuple.of(2, truncate), Tuple.of(1, chosen.map(Step.Reopen::new)),
                Tuple.of(1, chosen.map(Step.Fork::new)));
        return step.list().ofMinSize(1).ofMaxSize(14);
    }

    @Provide
    Arbitrary<String> kernelNames() {
        return Arbitraries.of(KernelNames.here());
    }

    @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
    void everyWayOfFeedingGivesTheSameLogits(@ForAll("configs") TinyConfig config, @ForAll("scripts") List<Step> script,
            @ForAll("kernelNames") String name, @ForAll boolean isBatchInvariant) {
        try (Workers workers = new Workers(name.equals("scalar") ? 1 : 2);
                TinyModel tiny = new TinyModel(config.json(), script.size())) {
            KernelBackends.Choice choice = KernelBackends.choose(name, workers);
            Kernels kernels = isBatchInvariant ? choice.batchInvariant().kernels() : choice.kernels();
            try (Engine engine = new Engine(tiny.model(), kernels, Precision.EXACT, 1 << 28)) {
                new Script(config, engine, isBatchInvariant ? 0 : TOLERANCE).run(script);
            }
        }
    }

    /// A text, what the model says to each of its tokens, and the sequence that is being fed.
    private static final class Subject {
        final int[] ids;
        final float[] expected;
        Sequence sequence;
        /// The longest that the sequence has been since its last restart.
        int longest;

        Subject(int[] ids, float[] expected, Sequence sequence) {
            this.ids = ids;
            this.expected = expected;
            this.sequence = sequence;
        }
    }

    private static final class Script {
        private final TinyConfig config;
        private final Engine engine;
        private final double tolerance;
        private final List<Subject> subjects = new ArrayList<>();

        Script(TinyConfig config, Engine engine, double tolerance) {
            this.config = config;
            this.tolerance = tolerance;
            this.engine = engine;
            Random random = new Random(5);
            for (int s = 0; s < NUM_SEQUENCES; s++) {
                int[] ids = random.ints(140 + 64 * s, 0, config.vocabSize()).toArray();
                subjects.add(new Subject(ids, whole(engine.model(), engine.ops().kernels(), ids), engine.open()));
            }
        }

        /// The logits of every token, computed at once and without a state.
        private static float[] whole(Model model, Kernels kernels, int[] ids) {
            try (Compute ops = new Compute(kernels, Precision.EXACT)) {
                Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
                return model.decoder().forward(ops, pass, States.NONE).toArray();
            }
        }

        void run(List<Step> script) {
            for (Step step : script) {
                switch (step) {
                    case Step.Feed f -> feed(f.chosen, f.size, f.otherSize, f.outputs);
                    case Step.Fail f -> fail(f.chosen, f.size);
                    case Step.Truncate t -> chosen(t.chosen).forEach(s -> truncate(s, t.percent));
                    case Step.Reopen r -> chosen(r.chosen).forEach(this::reopen);
                    case Step.Fork f -> chosen(f.chosen).forEach(Script::fork);
                }
                assertEquals(expectedBytes(), engine.stateBytes(), "bytes of all states after " + step);
            }
            feed(-1, Integer.MAX_VALUE, Integer.MAX_VALUE, Outputs.ALL);
            subjects.forEach(s -> assertEquals(s.ids.length, s.sequence.length()));
            subjects.forEach(s -> s.sequence.close());
            assertEquals(0, engine.stateBytes());
        }

        private List<Subject> chosen(int bits) {
            List<Subject> chosen = new ArrayList<>();
            for (int s = 0; s < NUM_SEQUENCES; s++) {
                if ((bits >> s & 1) != 0) {
                    chosen.add(subjects.get(s));
                }
            }
            return chosen;
        }

        private void feed(int bits, int size, int otherSize, Outputs outputs) {
            List<Subject> owners = new ArrayList<>();
            List<Integer> positions = new ArrayList<>();
            List<Subject> chosen = chosen(bits);
            for (int i = 0; i < chosen.size(); i++) {
                Subject s = chosen.get(i);
                int from = s.sequence.length();
                int to = (int) Math.min(s.ids.length, (long) from + (i % 2 == 0 ? size : otherSize));
                engine.add(s.sequence, s.ids, from, to, outputs);
                for (int p = from; p < to; p++) {
                    if (outputs == Outputs.ALL || outputs == Outputs.LAST && p == to - 1) {
                        owners.add(s);
                        positions.add(p);
                    }
                }
                s.longest = Math.max(s.longest, to);
            }
            Tensor logits = engine.run();
            assertEquals(owners.size(), logits.rows());
            for (int row = 0; row < owners.size(); row++) {
                compare(logits, row, owners.get(row), positions.get(row));
            }
        }

        private void compare(Tensor logits, int row, Subject s, int position) {
            for (int v = 0; v < config.vocabSize(); v++) {
                float expected = s.expected[position * config.vocabSize() + v];
                assertEquals(expected, logits.get((long) row * config.vocabSize() + v),
                        tolerance * Math.max(1, Math.abs(expected)), "logit " + v + " at position " + position);
            }
        }

        /// A pass whose last token does not exist.
        private void fail(int bits, int size) {
            List<Integer> lengths = subjects.stream().map(s -> s.sequence.length()).toList();
            List<Subject> chosen = chosen(bits);
            for (Subject s : chosen) {
                int[] ids = new int[size];
                ids[size - 1] = s == chosen.getLast() ? config.vocabSize() : 0;
                engine.add(s.sequence, ids, 0, size, Outputs.LAST);
            }
            assertThrows(IllegalArgumentException.class, engine::run);
            assertEquals(lengths, subjects.stream().map(s -> s.sequence.length()).toList());
        }

        private void truncate(Subject s, int percent) {
            int length = s.sequence.length();
            int newLength = length * percent / 100;
            boolean possible = newLength == 0
                    || firstVisible(newLength) / PAGE >= firstVisible(s.longest) / PAGE;
            assertEquals(possible, s.sequence.truncate(newLength));
            assertEquals(possible ? newLength : length, s.sequence.length());
            s.longest = newLength == 0 ? 0 : s.longest;
        }

        /// The first position that a layer with a window sees from `position`.
        private int firstVisible(int position) {
            return numSlidingLayers() > 0 ? Math.max(0, position - config.window() + 1) : 0;
        }

        private int numSlidingLayers() {
            return config.window() == 0 ? 0 : switch (config.family()) {
                case "mistral", "qwen2", "qwen3" -> config.numLayers();
                case "gemma3_text" -> (config.numLayers() + 1) / 2;
                case "smollm3" -> config.numLayers() / 4;
                default -> 0;
            };
        }

        private static void fork(Subject s) {
            Sequence fork = s.sequence.fork();
            s.sequence.close();
            s.sequence = fork;
        }

        private void reopen(Subject s) {
            s.sequence.close();
            s.sequence = engine.open();
            s.longest = 0;
        }

        /// Layers without a window keep all pages, others those that a later token can see.
        private long expectedBytes() {
            long pages = 0;
            for (Subject s : subjects) {
                int all = (s.sequence.length() + PAGE - 1) / PAGE;
                int seen = Math.max(0, all - firstVisible(s.longest) / PAGE);
                int sliding = numSlidingLayers();
                pages += (long) sliding * seen + (long) (config.numLayers() - sliding) * all;
            }
            int keyValueHeads = config.family().equals("gpt2") ? config.numHeads() : config.numKeyValueHeads();
            return pages * 2 * PAGE * keyValueHeads * config.headSize() * Float.BYTES;
        }
    }
}
