package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.BlockPool;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Residual;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every family, whatever its mixers are, on each golden checkpoint: its text may be fed in any way, no
/// token depends on later ones, its spec counts the file's numbers, and a file of another family is refused with
/// the name of what is missing.
class FamilyInvariantsTest {
    /// Far below what a wrong position or a lost state makes, far above what another order of additions does.
    private static final float TOLERANCE = 1e-4f;

    @TempDir
    private Path temporary;

    static Stream<String> families() {
        return GoldenTest.folders().stream();
    }

    static Stream<String> decoders() {
        return families().filter(f -> !spec(f).looksAhead());
    }

    private static ModelSpec spec(String folder) {
        try {
            return family(folder).spec(Config.read(GoldenTest.folder(folder).resolve("config.json")));
        } catch (CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Family family(String folder) throws CheckpointException {
        Path file = GoldenTest.folder(folder).resolve("config.json");
        return Families.ofModelType(Config.read(file).text("model_type")).orElseThrow();
    }

    /// The logits of sequences and ways to feed them.
    static final class Feeder implements AutoCloseable {
        final int[][] ids;
        private final int[][] sources;
        private final Workers workers = new Workers(2);
        final Model model;
        final Engine engine;

        Feeder(String folder) throws CheckpointException {
            this(folder, KeyValueType.F32, "scalar", false);
        }

        Feeder(String folder, KeyValueType type, String set, boolean isBatchInvariant) throws CheckpointException {
            Path at = GoldenTest.folder(folder);
            model = ModelLoader.load(at);
            Kernels kernels = KernelBackends.choose(set, workers).kernels();
            engine = new Engine(model, isBatchInvariant ? kernels.batchInvariant() : kernels, Precision.EXACT,
                    new BlockPool(1 << 30), model.spec().contextLength(), type);
            try (Expected expected = new Expected(at.resolve("expected.safetensors"))) {
                boolean hasSources = model.spec().encoder().isPresent();
                sources = hasSources ? expected.ids("input_ids") : new int[0][];
                ids = expected.ids(hasSources ? "decoder_input_ids" : "input_ids");
            }
        }

        void add(Sequence sequence, int text, int[] tokens, int from, int to) {
            if (sources.length > 0 && sequence.length() == 0) {
                engine.add(sequence, Input.of(sources[text]), tokens, from, to, Outputs.ALL);
            } else {
                engine.add(sequence, tokens, from, to, Outputs.ALL);
            }
        }

        float[] feed(Sequence sequence, int text, int[] tokens, int from, int to) {
            add(sequence, text, tokens, from, to);
            return engine.run().toArray();
        }

        /// Feeds a text in pieces of these sizes, the last as often as needed.
        float[] pieces(int text, int[] tokens, int... sizes) {
            float[] all = new float[0];
            try (Sequence sequence = engine.open()) {
                for (int at = 0, i = 0; at < tokens.length; i++) {
                    int to = Math.min(tokens.length, at + sizes[Math.min(i, sizes.length - 1)]);
                    all = joined(all, feed(sequence, text, tokens, at, to));
                    at = to;
                }
            }
            return all;
        }

        @Override
        public void close() {
            engine.close();
            model.close();
            workers.close();
        }
    }

    static float[] joined(float[] a, float[] b) {
        float[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static void compare(String what, float[] expected, float[] found) {
        assertEquals(expected.length, found.length, what);
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(expected[i], found[i], TOLERANCE, () -> what + ", number " + at);
        }
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void aTextMayBeFedInAnyWay(String folder) throws CheckpointException {
        try (Feeder f = new Feeder(folder)) {
            int[] ids = f.ids[0];
            float[] whole = f.pieces(0, ids, ids.length);
            compare("token by token", whole, f.pieces(0, ids, 1));
            compare("pieces of 3", whole, f.pieces(0, ids, 3));
            compare("a prompt, then tokens", whole, f.pieces(0, ids, ids.length / 2, 1));
            compare("batched", whole, inABatch(f));
        }
    }

    /// Two pieces of the first text, each beside other texts at other places.
    static float[] inABatch(Feeder f) {
        int[] ids = f.ids[0];
        int vocab = f.model.spec().vocabSize();
        int half = ids.length / 2;
        int last = f.ids.length - 1;
        try (Sequence sequence = f.engine.open(); Sequence before = f.engine.open(); Sequence after = f.engine.open()) {
            f.add(before, last, f.ids[last], 0, 4);
            f.add(sequence, 0, ids, 0, half);
            float[] first = f.engine.run().toArray();
            f.add(before, last, f.ids[last], 4, 5);
            f.add(sequence, 0, ids, half, ids.length);
            f.add(after, last, f.ids[last], 0, 7);
            float[] second = f.engine.run().toArray();
            return joined(Arrays.copyOfRange(first, 4 * vocab, first.length),
                    Arrays.copyOfRange(second, vocab, second.length - 7 * vocab));
        }
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void aSharedBeginningIsAsGoodAsFeedingItAgain(String folder) throws CheckpointException {
        try (Feeder f = new Feeder(folder)) {
            int[] ids = f.ids[0];
            int vocab = f.model.spec().vocabSize();
            int half = ids.length / 2;
            float[] whole = f.pieces(0, ids, ids.length);
            float[] tail = Arrays.copyOfRange(whole, half * vocab, whole.length);
            int[] other = ids.clone();
            IntStream.range(half, other.length).forEach(i -> other[i] = (other[i] + 1) % vocab);
            try (Sequence first = f.engine.open()) {
                f.feed(first, 0, ids, 0, half);
                long bytes = f.engine.stateBytes();
                try (Sequence fork = first.fork()) {
                    assertEquals(bytes, f.engine.stateBytes(), "a fork takes no memory of its own");
                    f.feed(first, 0, other, half, ids.length);
                    compare("a fork", tail, f.feed(fork, 0, ids, half, ids.length));
                }
                if (!first.truncate(half)) {
                    // What slid away or was folded into a state is gone: the beginning is fed again.
                    first.clear();
                    f.feed(first, 0, ids, 0, half);
                }
                compare("a cut", tail, f.feed(first, 0, ids, half, ids.length));
            }
            assertEquals(0, f.engine.stateBytes());
        }
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void theFutureChangesNothing(String folder) throws CheckpointException {
        try (Feeder f = new Feeder(folder)) {
            int[] ids = f.ids[0];
            int vocab = f.model.spec().vocabSize();
            float[] whole = f.pieces(0, ids, ids.length);
            for (int known : new int[] {1, ids.length / 3, ids.length - 1}) {
                int[] other = ids.clone();
                IntStream.range(known, other.length).forEach(i -> other[i] = (other[i] + 1 + i) % vocab);
                float[] found = f.pieces(0, other, other.length);
                compare("after " + known, Arrays.copyOf(whole, known * vocab), Arrays.copyOf(found, known * vocab));
                float[] rest = Arrays.copyOfRange(found, known * vocab, found.length);
                assertTrue(Arrays.mismatch(rest, Arrays.copyOfRange(whole, known * vocab, whole.length)) >= 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void theSpecCountsTheNumbersOfTheFile(String folder) throws CheckpointException {
        Path at = GoldenTest.folder(folder);
        Family family = family(folder);
        try (Model model = ModelLoader.load(at);
                SafetensorsCheckpoint file = SafetensorsCheckpoint.open(at.resolve("model.safetensors"))) {
            ModelSpec spec = model.spec();
            long count = 0;
            for (String name : file.names()) {
                boolean again = spec.head().matrix() == Head.Matrix.TIED && family.source(spec,
                        Parameter.of(glia.model.spec.Role.HEAD)).stored().names().contains(name)
                        && family.source(spec, Parameter.of(glia.model.spec.Role.EMBEDDING)).in(file.names())
                        .stored().names().stream().filter(file.names()::contains).noneMatch(name::equals);
                count += family.ignores(spec, name) || again ? 0 : file.tensor(name).size();
            }
            // The rows of a head beyond the vocabulary are zeros that only the file has.
            assertEquals(count - (long) spec.embedding().unusedRows() * spec.hiddenSize(), Parameters.count(spec),
                    folder);
        }
    }

    /// The families whose gradients are those of the whole model: HRM cuts them, as its reference does.
    static Stream<String> sloped() {
        return families().filter(f -> spec(f).sublayers().stream()
                .noneMatch(s -> s.residual() instanceof Residual.Cycled cycled && cycled.isCut()));
    }

    @ParameterizedTest
    @MethodSource("sloped")
    void gradientsAreSlopes(String folder) throws CheckpointException {
        checkGradients(folder, false);
    }

    @ParameterizedTest
    @MethodSource("sloped")
    void batchInvariantGradientsAreSlopes(String folder) throws CheckpointException {
        checkGradients(folder, true);
    }

    private static void checkGradients(String folder, boolean isBatchInvariant) throws CheckpointException {
        try (Feeder f = new Feeder(folder, KeyValueType.F32, "scalar", isBatchInvariant);
                SlopeCheck check = new SlopeCheck(f.engine)) {
            int[] ids = f.ids[0];
            Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
            if (f.sources.length > 0) {
                pass.from(f.sources[0], 0, f.sources[0].length);
            }
            int shift = f.sources.length > 0 || f.model.spec().looksAhead() ? 0 : 1;
            check.run(pass, IntStream.range(0, ids.length).map(i -> i + shift < ids.length ? ids[i + shift] : -1)
                    .toArray(), 4);
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void theFileOfAnotherFamilyIsRefusedByItsFirstMissingTensor(String folder) throws IOException {
        ModelSpec spec = spec(folder);
        String embedding = family(folder).source(spec, Parameter.of(glia.model.spec.Role.EMBEDDING)).stored().names()
                .getFirst();
        String stranger = embedding.endsWith("wte.weight") ? "llama" : "gpt2";
        Files.copy(GoldenTest.folder(folder).resolve("config.json"), temporary.resolve("config.json"));
        Files.copy(GoldenTest.folder(stranger).resolve("model.safetensors"), temporary.resolve("model.safetensors"));
        String missing;
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(temporary.resolve("model.safetensors"))) {
            missing = firstMissing(family(folder), spec, file.names());
        }
        String message = assertThrows(CheckpointException.class, () -> ModelLoader.load(temporary).close())
                .getMessage();
        assertTrue(message.contains(missing), message);
    }

    private static String firstMissing(Family family, ModelSpec spec, Set<String> names) {
        for (Parameter p : Parameters.of(spec).keySet()) {
            List<String> known = family.source(spec, p).in(names).stored().names();
            if (known.stream().noneMatch(names::contains)) {
                return known.getFirst();
            }
        }
        throw new IllegalStateException("nothing is missing");
    }
}
