package glia.engine.experts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Checkpoint;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Experts one by one and stacked are the same model: the goldens are written in the layout that they do not have.
class LayoutsTest {
    private static final int[] TOKENS = {5, 9, 13, 2, 60, 33, 17};
    private static final Pattern EXPERT = Pattern.compile("(.*\\.experts)\\.(\\d+)\\.(\\w+)\\.weight");

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({"mixtral, w1, w3, w2", "qwen3_moe, gate_proj, up_proj, down_proj",
        "glm4_moe, gate_proj, up_proj, down_proj", "minimax_m2, w1, w3, w2"})
    void stackedIsTheSameAsOneByOne(String golden, String gate, String up, String down) throws IOException {
        Path original = golden(golden);
        try (Checkpoint checkpoint = Checkpoints.open(original); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Map<String, TreeMap<Integer, Map<String, Tensor>>> mixtures = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                Matcher m = EXPERT.matcher(name);
                if (m.matches()) {
                    mixtures.computeIfAbsent(m.group(1), k -> new TreeMap<>())
                            .computeIfAbsent(Integer.valueOf(m.group(2)), k -> new LinkedHashMap<>())
                            .put(m.group(3), checkpoint.tensor(name));
                } else {
                    tensors.put(name, checkpoint.tensor(name));
                }
            }
            mixtures.forEach((name, experts) -> {
                tensors.put(name + ".gate_up_proj", stack(arena, experts, gate, up));
                tensors.put(name + ".down_proj", stack(arena, experts, down));
            });
            write(original, tensors);
        }
        assertSame(original, folder);
    }

    @ParameterizedTest
    @CsvSource({"llama4_text, false", "gpt_oss, true"})
    void oneByOneIsTheSameAsStacked(String golden, boolean inTurn) throws IOException {
        Path original = golden(golden);
        try (Checkpoint checkpoint = Checkpoints.open(original); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                Tensor t = checkpoint.tensor(name);
                if (!name.contains(".experts.")) {
                    tensors.put(name, t);
                    continue;
                }
                boolean isBias = name.endsWith("_bias");
                String stem = name.substring(0, name.indexOf(".experts.") + 9);
                String kind = isBias ? ".bias" : ".weight";
                for (int e = 0; e < t.dim(0); e++) {
                    if (name.contains("down_proj")) {
                        tensors.put(stem + e + ".down_proj" + kind, column(arena, t, e, 0, 1, (int) t.dim(-1)));
                    } else {
                        int half = (int) t.dim(-1) / 2;
                        tensors.put(stem + e + ".gate_proj" + kind, column(arena, t, e, 0, inTurn ? 2 : 1, half));
                        tensors.put(stem + e + ".up_proj" + kind,
                                column(arena, t, e, inTurn ? 1 : half, inTurn ? 2 : 1, half));
                    }
                }
            }
            write(original, tensors);
        }
        assertSame(original, folder);
    }

    /// Some columns of matrix e of a stack as rows, or of its row if it is a stack of vectors.
    private static Tensor column(Arena arena, Tensor stack, int e, int first, int step, int count) {
        int cols = (int) stack.dim(-1);
        int rows = stack.rank() == 2 ? 1 : (int) stack.dim(1);
        Tensor t = stack.rank() == 2 ? Tensor.allocate(arena, DType.F32, count)
                : Tensor.allocate(arena, DType.F32, count, rows);
        for (int i = 0; i < count; i++) {
            for (int r = 0; r < rows; r++) {
                t.set((long) i * rows + r, stack.get(((long) e * rows + r) * cols + first + (long) i * step));
            }
        }
        return t;
    }

    private static Tensor stack(Arena arena, TreeMap<Integer, Map<String, Tensor>> experts, String... names) {
        Tensor first = experts.get(0).get(names[0]);
        Tensor all = Tensor.allocate(arena, DType.F32, experts.size(), (long) names.length * first.rows(),
                first.cols());
        long at = 0;
        for (Map<String, Tensor> expert : experts.values()) {
            for (String name : names) {
                all.memory().asSlice(at, first.sizeBytes()).copyFrom(expert.get(name).memory());
                at += first.sizeBytes();
            }
        }
        return all;
    }

    private static Path golden(String name) {
        return Path.of("src/test/resources/golden", name);
    }

    private void write(Path original, Map<String, Tensor> tensors) throws IOException {
        Files.copy(original.resolve("config.json"), folder.resolve("config.json"));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    /// Logits to the last bit, and the sums of all squared gradients.
    private static void assertSame(Path one, Path other) throws IOException {
        try (Model a = ModelLoader.load(one); Model b = ModelLoader.load(other)) {
            assertEquals(a.weights().all().keySet(), b.weights().all().keySet());
            assertEquals(Arrays.toString(logits(a)), Arrays.toString(logits(b)));
            double expected = squares(a);
            assertEquals(expected, squares(b), 1e-6 * expected);
        }
    }

    private static float[] logits(Model model) {
        try (Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            return engine.read(pass(), Tensor::toArray);
        }
    }

    private static Pass pass() {
        return new Pass().add(TOKENS, 0, TOKENS.length, 0, Outputs.ALL);
    }

    /// Over the gradients under the checkpoint's own names.
    private static double squares(Model model) {
        try (Workers workers = new Workers(1);
                TrainingPass training = TrainingPass.of(model, new ScalarKernels(workers),
                        TrainingOptions.defaults())) {
            float[] ones = new float[TOKENS.length];
            Arrays.fill(ones, 1);
            training.loss(new TokenBatch().addTargets(TOKENS, TOKENS, ones));
            double sum = 0;
            for (Tensor g : training.gradients().values()) {
                for (long i = 0; i < g.size(); i++) {
                    sum += (double) g.get(i) * g.get(i);
                }
            }
            return sum;
        }
    }
}
