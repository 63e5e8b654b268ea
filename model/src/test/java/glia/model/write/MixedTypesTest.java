package glia.model.write;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.Progress;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The types of tensors compared with those that llama.cpp's quantization chose for the same models
/// (`quantization-types.txt`: model; mixes, with + those with an importance matrix; types of tensors).
class MixedTypesTest {
    private static final Map<String, Map<String, Object>> MODELS = Map.of(
            "llama", Map.of("hidden", 512, "layers", 16, "heads", 8, "kv-heads", 2, "tie_word_embeddings", false,
                    "vocab", 256),
            "mixtral", Map.of("hidden", 256, "layers", 8, "mlp", 256, "heads", 4, "kv-heads", 2, "vocab", 256),
            "qwen3_moe", Map.of("hidden", 256, "layers", 10, "mlp", 256, "expert-size", 256, "experts", 4, "active", 2,
                    "heads", 4, "kv-heads", 4, "head-size", 64, "vocab", 256),
            "few layers", Map.of("hidden", 256, "layers", 2, "mlp", 256, "expert-size", 256, "experts", 4, "active", 2,
                    "heads", 4, "kv-heads", 4, "head-size", 64, "vocab", 256),
            "tied", Map.of("hidden", 96, "layers", 16, "mlp", 256, "heads", 3, "vocab", 256),
            "falcon", Map.of("hidden", 256, "layers", 16, "heads", 4, "vocab", 256),
            "deep", Map.of("hidden", 256, "layers", 80, "mlp", 256, "heads", 4, "kv-heads", 2, "vocab", 256),
            "deepseek_v2", Map.of("hidden", 256, "layers", 8, "mlp", 256, "expert-size", 256, "vocab", 256),
            "qwen3_next", Map.of("hidden", 256, "layers", 8, "mlp", 256, "expert-size", 256, "vocab", 256),
            "granitemoehybrid", Map.of("hidden", 256, "layers", 8, "mlp", 256, "vocab", 256));

    @TempDir Path folder;

    private static Model model(String name) throws IOException {
        String family = switch (name) {
            case "tied", "deep" -> "llama";
            case "few layers" -> "qwen3_moe";
            default -> name;
        };
        return FreshModel.create(NewModels.config(family, MODELS.get(name)), 1);
    }

    private Path write(Model model, QuantizationMix mix, ImportanceMatrix importance, String name) throws IOException {
        Path file = folder.resolve(name);
        GgufModelWriter.write(model, model.weights(), file, Optional.of(new MixedTypes(mix,
                importance.size() > 0)), importance, Progress.NONE, IfExists.REPLACE);
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "deep", "mixtral", "qwen3_moe", "tied", "falcon", "deepseek_v2", "qwen3_next",
            "granitemoehybrid"})
    void typesAreThoseOfLlamaCpp(String name) throws Exception {
        Path plain = folder.resolve("plain.gguf");
        try (Model model = model(name)) {
            GgufModelWriter.write(model, plain, Optional.of(DType.F16));
        }
        try (GgufCheckpoint file = GgufCheckpoint.open(plain);
                InputStream in = MixedTypesTest.class.getResourceAsStream("/quantization-types.txt")) {
            Map<String, long[]> shapes = new HashMap<>();
            for (String tensor : file.names()) {
                shapes.put(tensor, file.tensor(tensor).shape());
            }
            int compared = 0;
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                String[] words = line.split(" ");
                for (String mix : words[0].equals(name) ? words[1].split(",") : new String[0]) {
                    boolean isWeighted = mix.endsWith("+");
                    MatrixTypes.ByName choice = new MixedTypes(QuantizationMix.valueOf(mix.replace("+", "")),
                            isWeighted).in(file.metadata(), shapes);
                    Map<String, String> expected = expected(words, shapes.keySet());
                    Map<String, String> found = new TreeMap<>();
                    for (String tensor : expected.keySet()) {
                        found.put(tensor, choice.of(tensor).map(DType::name).orElse("F16"));
                    }
                    assertEquals(expected, found, name + " " + mix);
                    compared++;
                }
            }
            assertEquals(2 * QuantizationMix.values().length - 11, compared);
        }
    }

    /// The types of a line: `attn_v=Q5_K` for all layers, `attn_v=Q5_K:2-3,5;Q6_K:0-1` for some.
    private static Map<String, String> expected(String[] words, Set<String> names) {
        Map<String, String> types = new TreeMap<>();
        for (String word : List.of(words).subList(2, words.length)) {
            String tensor = word.substring(0, word.indexOf('='));
            for (String part : word.substring(word.indexOf('=') + 1).split(";")) {
                String[] typeAndLayers = part.split(":");
                if (typeAndLayers.length == 1) {
                    names.stream().filter(n -> n.equals(tensor) || n.matches("blk\\.\\d+\\." + tensor + "\\.weight"))
                            .forEach(n -> types.put(n, part));
                    continue;
                }
                for (String range : typeAndLayers[1].split(",")) {
                    String[] ends = range.split("-");
                    for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
                        types.put("blk." + i + "." + tensor + ".weight", typeAndLayers[0]);
                    }
                }
            }
        }
        return types;
    }

    /// Writes each mix; all tensors are read back close to the original ones.
    @ParameterizedTest
    @EnumSource(value = QuantizationMix.class, names = "(Q2_K_S|IQ2_.*)", mode = EnumSource.Mode.MATCH_NONE)
    void writtenValuesAreNear(QuantizationMix mix) throws Exception {
        try (Model model = model("few layers"); Arena arena = Arena.ofShared()) {
            Path plain = folder.resolve("plain.gguf");
            GgufModelWriter.write(model, plain, Optional.of(DType.F32));
            Path quantized = write(model, mix, ImportanceMatrix.NONE, "quantized.gguf");
            if (mix == QuantizationMix.Q4_K_M || mix == QuantizationMix.Q5_1) {
                assertEquals(-1, Files.mismatch(quantized, write(model, mix, ImportanceMatrix.NONE, "again.gguf")));
            }
            try (GgufCheckpoint a = GgufCheckpoint.open(plain); GgufCheckpoint b = GgufCheckpoint.open(quantized)) {
                assertEquals(mix.fileType(), b.metadata().integer("general.file_type"));
                for (String name : a.names()) {
                    double error = relativeError(a.tensor(name), b.tensor(name), arena);
                    double most = switch (b.tensor(name).dtype()) {
                        case Q2_K -> 0.35;
                        case TQ2_0, TQ1_0 -> 0.9;
                        case Q3_K -> 0.17;
                        case IQ3_S, IQ3_XXS -> 0.25;
                        case IQ2_S -> 0.4;
                        case Q4_0, MXFP4 -> 0.15;
                        case Q4_1, Q4_K, IQ4_NL, IQ4_XS -> 0.09;
                        case Q5_0, Q5_1, Q5_K -> 0.05;
                        case Q6_K, Q8_0, F16, BF16 -> 0.03;
                        default -> 0;
                    };
                    assertTrue(error <= most, name + " as " + b.tensor(name).dtype() + ": " + error);
                }
            }
        }
    }

    private static double relativeError(Tensor a, Tensor b, Arena arena) {
        float[] x = Decode.widen(a, arena).toArray();
        float[] y = Decode.widen(b, arena).toArray();
        double error = 0;
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            error += Math.pow((double) x[i] - y[i], 2);
            sum += (double) x[i] * x[i];
        }
        return Math.sqrt(error / sum);
    }

    /// The importance of each expert weights the errors of its own matrix only.
    @ParameterizedTest
    @EnumSource(value = QuantizationMix.class, names = {"Q4_0", "Q5_1", "Q4_K_S", "Q3_K_S", "Q2_K_S", "Q6_K"})
    void importanceLowersTheWeightedErrorOfEachExpert(QuantizationMix mix) throws Exception {
        SplittableRandom random = new SplittableRandom(3);
        try (Model model = model("few layers"); Arena arena = Arena.ofShared()) {
            Map<Parameter, float[]> means = new HashMap<>();
            for (Parameter p : model.sources().keySet()) {
                boolean isMatrix = model.weights().get(p).shape().length == 2 && p.sublayer() >= 0;
                // One expert was never chosen.
                if (isMatrix && p.role() != Role.ROUTER && p.expert() != 2) {
                    float[] mean = new float[model.weights().get(p).cols()];
                    for (int i = 0; i < mean.length; i++) {
                        mean[i] = (float) Math.exp(3 * random.nextGaussian());
                    }
                    means.put(p, mean);
                }
            }
            QuantizationMix without = mix == QuantizationMix.Q2_K_S ? QuantizationMix.Q2_K : mix;
            Path a = write(model, without, ImportanceMatrix.NONE, "a.gguf");
            Path b = write(model, mix, ImportanceMatrix.ofParameters(means), "b.gguf");
            Path plain = folder.resolve("plain.gguf");
            GgufModelWriter.write(model, plain, Optional.of(DType.F32));
            List<Double> ratios = new ArrayList<>();
            try (GgufCheckpoint x = GgufCheckpoint.open(plain); GgufCheckpoint unweighted = GgufCheckpoint.open(a);
                    GgufCheckpoint weighted = GgufCheckpoint.open(b)) {
                for (Parameter p : means.keySet()) {
                    String name = x.names().stream().filter(n -> n.equals(gguf(p))).findFirst().orElse("");
                    if (p.role() == Role.UP && p.expert() >= 0 && unweighted.tensor(name).dtype()
                            == weighted.tensor(name).dtype()) {
                        double before = weightedError(x.tensor(name), unweighted.tensor(name), p.expert(), means.get(p),
                                arena);
                        double after = weightedError(x.tensor(name), weighted.tensor(name), p.expert(), means.get(p),
                                arena);
                        ratios.add(after / before);
                    }
                }
            }
            assertEquals(6, ratios.size());
            ratios.forEach(ratio -> assertTrue(ratio < 0.9, mix + ": " + ratio));
        }
    }

    private static String gguf(Parameter p) {
        return "blk." + p.sublayer() / 2 + ".ffn_up_exps.weight";
    }

    private static double weightedError(Tensor a, Tensor b, int expert, float[] importance, Arena arena) {
        float[] x = Decode.widen(a, arena).toArray();
        float[] y = Decode.widen(b, arena).toArray();
        int size = x.length / 4;
        double error = 0;
        for (int i = expert * size; i < (expert + 1) * size; i++) {
            error += importance[i % importance.length] * Math.pow((double) x[i] - y[i], 2);
        }
        return error;
    }

    @Test
    void namesAreThoseOfLlamaCpp() {
        assertEquals(QuantizationMix.Q4_K_M, QuantizationMix.of("q4-k"));
        assertEquals(QuantizationMix.Q5_K_S, QuantizationMix.of("Q5_K_S"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> QuantizationMix.of("iq1_s")).getMessage()
                .contains("reads but does not write; the nearest is iq2_xxs"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> QuantizationMix.of("q4_k_x")).getMessage()
                .contains("Did you mean"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new MixedTypes(QuantizationMix.Q2_K_S, false))
                .getMessage().contains("needs an importance matrix"));
    }

    @Test
    void importanceOfAnotherModelIsRefused() throws Exception {
        try (Model model = model("tied")) {
            ImportanceMatrix other = ImportanceMatrix.ofParameters(Map.of(
                    new Parameter(glia.model.spec.Place.of(0), Role.QUERY), new float[] {1, 2, 3}));
            assertTrue(assertThrows(IOException.class, () -> write(model, QuantizationMix.Q4_0, other, "a.gguf"))
                    .getMessage().contains("3 columns for the tensor blk.0.attn_q.weight, which has 96"));
        }
    }
}
