package glia.engine.state;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/// The tiny checkpoints of all families that write, with texts of some blocks that begin alike, and the logits of each
/// token of them, computed at once and without states. Loaded once for all tests.
final class GoldenModels {
    static final GoldenModels SHARED = new GoldenModels();
    static final int NUM_TEXTS = 3;
    private static final int MOST_TOKENS = 240;
    /// Where the second and the third text part from the first.
    private static final int[] COMMON = {0, 100, 200};

    private final Workers workers = new Workers(1);
    private final Map<String, Golden> loaded = new HashMap<>();

    private GoldenModels() { }

    record Golden(Model model, int[][] ids, float[][] logits) {
        int vocabSize() {
            return model.spec().vocabSize();
        }
    }

    /// Those that write, and read no source.
    static List<String> folders() {
        try (Stream<Path> all = Files.list(folder("llama").getParent())) {
            return all.map(f -> f.getFileName().toString()).filter(GoldenModels::writes).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean writes(String name) {
        try (Model model = ModelLoader.load(folder(name))) {
            return !model.spec().looksAhead() && model.spec().encoder().isEmpty();
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder(String name) {
        try {
            return Path.of(GoldenModels.class.getResource("/golden/" + name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    Golden get(String name) {
        return loaded.computeIfAbsent(name, this::load);
    }

    private Golden load(String name) {
        try {
            Model model = ModelLoader.load(folder(name));
            int length = Math.min(MOST_TOKENS, model.spec().contextLength());
            Random random = new Random(11);
            int[][] ids = new int[NUM_TEXTS][];
            float[][] logits = new float[NUM_TEXTS][];
            try (Engine engine = engine(model, 1 << 28)) {
                for (int i = 0; i < NUM_TEXTS; i++) {
                    ids[i] = random.ints(length, 0, model.spec().vocabSize()).toArray();
                    System.arraycopy(ids[0], 0, ids[i], 0, Math.min(COMMON[i], length / 2));
                    logits[i] = engine.read(new Pass().add(ids[i], 0, length, 0, Outputs.ALL), Tensor::toArray);
                }
            }
            return new Golden(model, ids, logits);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    Engine engine(Model model, long limitBytes) {
        return engine(model, new BlockPool(limitBytes));
    }

    Engine engine(Model model, BlockPool pool) {
        return new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT, pool,
                model.spec().contextLength(), KeyValueType.F32);
    }

    /// The largest difference of logits from those of tokens `from` on of a text, in units of what rounding may do.
    static double difference(Golden golden, int text, int from, float[] found) {
        float[] expected = Arrays.copyOfRange(golden.logits[text], from * golden.vocabSize(),
                from * golden.vocabSize() + found.length);
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i] - found[i]) / Math.max(1, Math.abs(expected[i])));
        }
        return largest;
    }
}
