package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.spec.ModelSpec;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models of other sizes and switches than the goldens', with random weights: written as GGUF, read, written as a
/// folder and read again they give the same logits, or the writer says what has no place.
class GgufRoundTripTest {
    private static final double TOLERANCE = 2e-5;
    private static final int TOKENS = 11;
    /// Those that do not generate token after token, and those whose files end with hidden states.
    private static final Set<String> OTHERS = Set.of("dream", "llada", "bert", "modernbert", "t5", "mt5", "umt5",
            "distilbert", "roberta", "roberta_odd");
    /// Goldens whose numbers have no key, with those that readers expect.
    private static final Map<String, Map<String, ?>> EXPECTED = Map.of("kimi_linear", Map.of("linear_num_heads", 4L),
            "glm5_next", Map.of("linear_num_heads", 4L), "minimax_m3", Map.of("swiglu_limit", 7.0,
            "shared_intermediate_size", 12L),
            "minicpm3", Map.of("scale_emb", 12L, "dim_model_base", 256L));

    @TempDir
    Path temporary;
    private int same;

    @Test
    void aSampleOfChanges() throws IOException {
        assertEquals(List.of(), run(113));
        assertTrue(same > 8, "round trips: " + same);
    }

    @Test
    @Tag("slow")
    void allChanges() throws IOException {
        assertEquals(List.of(), run(1));
        assertTrue(same > 2000, "round trips: " + same);
    }

    @Test
    void numbersThatReadersExpect() throws IOException {
        for (Map.Entry<String, Map<String, ?>> entry : EXPECTED.entrySet()) {
            Map<?, ?> config = (Map<?, ?>) JsonValues.parse(Files.readString(
                    GoldenTest.folder(entry.getKey()).resolve("config.json")));
            Map<Object, Object> changed = new LinkedHashMap<>(config.get("text_config") instanceof Map<?, ?> text ? text
                    : config);
            changed.putAll(entry.getValue());
            assertEquals(Optional.empty(), roundTrip(changed, new HashSet<>()), entry.getKey());
        }
        assertEquals(EXPECTED.size(), same);
    }

    /// @param oneIn of so many changes, one is tried
    private List<String> run(int oneIn) throws IOException {
        List<String> wrong = new ArrayList<>();
        int count = 0;
        for (String golden : GoldenTest.folders()) {
            Map<?, ?> config = (Map<?, ?>) JsonValues.parse(Files.readString(
                    GoldenTest.folder(golden).resolve("config.json")));
            Set<ModelSpec> seen = new HashSet<>();
            for (Map.Entry<?, ?> entry : config.entrySet()) {
                for (Object value : others(entry.getKey().toString(), entry.getValue())) {
                    if (!OTHERS.contains(golden) && count++ % oneIn == 0) {
                        Map<Object, Object> changed = new LinkedHashMap<>(config);
                        changed.put(entry.getKey(), value);
                        roundTrip(changed, seen).ifPresent(fault -> wrong.add(golden + ", " + entry.getKey() + " = "
                                + value + ": " + fault));
                    }
                }
            }
        }
        return wrong;
    }

    private static List<Object> others(String key, Object value) {
        return switch (value) {
            case Boolean flag -> List.of(!flag);
            case Long n when key.contains("position") -> List.of(2 * n);
            case Long n -> List.of(2 * n, n + 1, Math.max(0, n - 1), 1L);
            case Double x -> List.of(1.5 * x, 1.0);
            case String text when key.contains("act") -> List.of("gelu", "silu", "gelu_pytorch_tanh", "relu");
            case null -> List.of(3L, 0.7, true);
            default -> List.of();
        };
    }

    /// What is wrong, if something is.
    private Optional<String> roundTrip(Map<?, ?> json, Set<ModelSpec> seen) {
        Model made;
        try {
            Config config = Config.parse(Path.of("config.json"), JsonTree.of(json).toString());
            ModelSpec spec = Families.spec(config);
            if (!seen.add(spec) || Families.ofModelType(spec.modelType()).flatMap(Family::gguf).isEmpty()) {
                return Optional.empty();
            }
            made = FreshModel.create(config, 5);
        } catch (CheckpointException | IllegalArgumentException e) {
            return Optional.empty();
        }
        Path file = temporary.resolve("made.gguf");
        Path folder = temporary.resolve("made" + same + seen.size() + System.nanoTime());
        try (made) {
            shake(made);
            GgufModelWriter.write(made, file, Optional.empty());
            float[] wanted = logits(made);
            try (Model read = ModelLoader.load(file)) {
                if (!isClose(wanted, logits(read))) {
                    return Optional.of("other logits");
                }
                ModelWriter.write(read, folder);
            }
            try (Model again = ModelLoader.load(folder)) {
                same++;
                return isClose(wanted, logits(again)) ? Optional.empty() : Optional.of("other logits of the folder");
            }
        } catch (CheckpointException e) {
            return e.getMessage().contains("cannot be written") ? Optional.empty() : Optional.of(e.toString());
        } catch (RuntimeException e) {
            return Optional.of(e.toString());
        }
    }

    /// Norms, biases and scales away from 1 and 0.
    private static void shake(Model model) {
        Random random = new Random(3);
        model.weights().all().entrySet().stream().sorted(Comparator.comparing(e -> e.getKey().toString()))
                .map(e -> Compute.stored(e.getValue())).filter(t -> t.dtype() == DType.F32).forEach(t -> {
                    for (long i = 0; i < t.size(); i++) {
                        t.set(i, t.get(i) + 0.15f * (float) random.nextGaussian());
                    }
                });
    }

    private static float[] logits(Model model) {
        int[] ids = new int[Math.min(TOKENS, model.spec().contextLength())];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (7 * i * i + 13 * i) % model.spec().vocabSize();
        }
        try (Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 28);
                Sequence sequence = engine.open()) {
            engine.add(sequence, ids, 0, ids.length, Outputs.ALL);
            Tensor logits = engine.run();
            return logits.toArray();
        }
    }

    private static boolean isClose(float[] wanted, float[] found) {
        float most = 1;
        for (float x : wanted) {
            most = Math.max(most, Math.abs(x));
        }
        boolean close = wanted.length == found.length;
        for (int i = 0; close && i < wanted.length; i++) {
            // What overflows in one overflows in the other.
            close = Float.isNaN(wanted[i]) ? Float.isNaN(found[i])
                    : Math.abs(wanted[i] - found[i]) <= TOLERANCE * most;
        }
        return close;
    }
}
