package glia.model.write;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The types that llama.cpp's quantization gives to the tensors of a file, by their names and layers: a tied embedding
/// and the head are Q6_K, values of attention and the MLP's last matrix get a larger type in some layers. A matrix
/// whose rows do not fill blocks of 256 gets a type with blocks of 32 instead ([#fallbacks]), or F16.
///
/// @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-quant.cpp">llama.cpp:
///     `llama_tensor_get_type`, `tensor_type_fallback`</a>
public final class MixedTypes implements MatrixTypes {
    private static final Pattern LAYER = Pattern.compile("(?:.*\\.)?blk\\.(\\d+)\\..*");
    /// Small tensors, and such that are no matrices of matrix multiplications.
    private static final Pattern KEPT = Pattern.compile(".*(_norm\\.weight|ffn_gate_inp.*|altup.*|laurel.*|"
            + "per_layer_model_proj.*|position_embd.*|token_types.*|ssm_conv1d.*|shortconv\\.conv.*|attn_rel_b.*|"
            + "indexer\\.(k|q)_proj.*)");
    private static final String OUTPUT = "output.weight";
    private static final String EMBEDDING = "token_embd.weight";

    private final QuantizationMix mix;
    private final boolean isWeighted;
    private final Map<String, DType> fallbacks = new LinkedHashMap<>();

    /// @param isWeighted whether there is an importance matrix
    public MixedTypes(QuantizationMix mix, boolean isWeighted) {
        if (mix.needsImportance() && !isWeighted) {
            throw new IllegalArgumentException(mix.name().toLowerCase(Locale.ROOT)
                    + " needs an importance matrix (--imatrix); q2_k does not");
        }
        this.mix = mix;
        this.isWeighted = isWeighted;
    }

    @Override
    public int fileType() {
        return mix.fileType();
    }

    /// The types of matrices whose rows do not fill the blocks of the type that they would have, by name, after a file
    /// was written.
    public Map<String, DType> fallbacks() {
        return fallbacks;
    }

    @Override
    public ByName in(GgufMetadata metadata, Map<String, long[]> shapes) throws CheckpointException {
        File file = File.of(metadata, shapes);
        return name -> type(name, shapes.get(name), file);
    }

    /// What the choice depends on besides the tensor.
    private record File(int numLayers, int numExperts, int queriesPerKey, boolean isLlama70B, boolean isFalcon,
            boolean isTied, List<String> values, List<String> downs) {
        static File of(GgufMetadata metadata, Map<String, long[]> shapes) throws CheckpointException {
            String architecture = metadata.string("general.architecture");
            int layers = number(metadata, architecture + ".block_count", 1);
            int heads = number(metadata, architecture + ".attention.head_count", 1);
            int kvHeads = number(metadata, architecture + ".attention.head_count_kv", heads);
            List<String> names = new ArrayList<>(shapes.keySet());
            names.sort(Comparator.comparingInt(MixedTypes::layer).thenComparing(name -> name));
            return new File(layers, number(metadata, architecture + ".expert_count", 0),
                    kvHeads == 0 ? 1 : heads / kvHeads,
                    architecture.equals("llama") && layers == 80 && heads != kvHeads, architecture.equals("falcon"),
                    !shapes.containsKey(OUTPUT), names.stream().filter(MixedTypes::isValue).toList(),
                    names.stream().filter(name -> name.contains("ffn_down") && name.endsWith(".weight")).toList());
        }

        /// An integer, or the first of a list with one for each layer that is not 0.
        private static int number(GgufMetadata metadata, String key, int otherwise) throws CheckpointException {
            if (!metadata.has(key)) {
                return otherwise;
            }
            if (metadata.raw(key) instanceof Number) {
                return (int) metadata.integer(key);
            }
            for (int n : metadata.integers(key)) {
                if (n != 0) {
                    return n;
                }
            }
            return 0;
        }

        /// The layer that decides on a matrix of an MLP, or its place in the file.
        int downLayer(String name, boolean byName) {
            return byName && numExperts > 1 ? layer(name) : downs.indexOf(name);
        }
    }

    private static int layer(String name) {
        Matcher matcher = LAYER.matcher(name);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    private static boolean isValue(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight") || name.contains("attn_kv_b.weight");
    }

    private Optional<DType> type(String name, long[] shape, File file) {
        if (shape.length < 2 || !name.endsWith("weight") || KEPT.matcher(name).matches()) {
            return Optional.empty();
        }
        DType base = mix.base();
        if (!base.isBlock()) {
            return Optional.of(base);
        }
        long cols = shape[shape.length - 1];
        DType type = name.equals(EMBEDDING) && !file.isTied ? embedding(base)
                : name.equals(OUTPUT) || name.equals(EMBEDDING) ? head(base, cols, file)
                : mix == QuantizationMix.MXFP4_MOE ? shape.length > 2 ? DType.MXFP4 : DType.Q8_0
                : inLayer(name, file, base);
        return Optional.of(fitting(name, type, cols));
    }

    private DType head(DType base, long cols, File file) {
        return file.isFalcon || mix == QuantizationMix.MXFP4_MOE || base == DType.Q8_0
                || cols % base.blockElements() != 0 ? DType.Q8_0
                : isIq2() || mix == QuantizationMix.IQ3_XXS ? DType.Q5_K : DType.Q6_K;
    }

    private DType embedding(DType base) {
        return switch (mix) {
            case IQ2_XXS, IQ2_XS -> DType.Q2_K;
            case IQ2_S, IQ2_M, IQ3_XXS -> DType.IQ3_S;
            case MXFP4_MOE -> DType.Q8_0;
            case TQ2_0, TQ1_0 -> DType.Q4_K;
            default -> base;
        };
    }

    private boolean isIq2() {
        return mix.needsImportance() && mix != QuantizationMix.Q2_K_S;
    }

    /// The type of the matrices of IQ2 that matter more.
    private DType more() {
        return mix == QuantizationMix.IQ2_S || mix == QuantizationMix.IQ2_M ? DType.IQ3_S : DType.Q2_K;
    }

    private DType inLayer(String name, File file, DType base) {
        if (isValue(name)) {
            return value(name, file, base);
        }
        if (name.contains("attn_k.weight") && file.numExperts == 8) {
            return isIq2() ? DType.Q4_K : DType.Q8_0;
        }
        if (name.contains("attn_k.weight") || name.contains("attn_q.weight")) {
            return switch (mix) {
                case IQ3_XS -> DType.IQ3_XXS;
                case IQ3_XXS -> DType.IQ2_S;
                default -> base;
            };
        }
        if (name.contains("attn_output.weight")) {
            return output(file, base);
        }
        if (mix == QuantizationMix.IQ3_XS && (name.contains("ffn_gate") || name.contains("ffn_up"))) {
            int layer = layer(name);
            return layer >= file.numLayers / 8 && layer < 7 * file.numLayers / 8 ? DType.IQ3_XXS : base;
        }
        return name.contains("ffn_down") ? down(file.downLayer(name, !isIq2()), file, base) : base;
    }

    private DType value(String name, File file, DType base) {
        if (isIq2()) {
            return file.queriesPerKey >= 4 || file.numExperts >= 4 ? DType.Q4_K : more();
        }
        if (file.numExperts == 8) {
            return DType.Q8_0;
        }
        int at = file.values.indexOf(name);
        DType type = switch (mix) {
            case Q2_K -> file.queriesPerKey >= 4 ? DType.Q4_K : DType.Q3_K;
            case Q2_K_S -> file.queriesPerKey >= 4 ? DType.Q4_K : base;
            case IQ3_XXS -> file.queriesPerKey >= 4 ? DType.Q4_K : isWeighted ? base : DType.IQ3_S;
            case IQ3_XS, IQ3_S -> file.queriesPerKey >= 4 ? DType.Q4_K : base;
            case IQ3_M -> DType.Q4_K;
            case Q3_K_M -> at < 2 ? DType.Q5_K : DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            case Q4_K_S -> at < 4 ? DType.Q5_K : base;
            case IQ4_NL, IQ4_XS -> file.queriesPerKey >= 4 ? DType.Q5_K : base;
            case Q4_K_M, Q5_K_M -> hasMore(at, file.values.size()) ? DType.Q6_K : base;
            default -> base;
        };
        return file.isLlama70B && (type == DType.Q3_K || type == DType.Q4_K) ? DType.Q5_K : type;
    }

    private DType output(File file, DType base) {
        if (file.isFalcon && !isIq2()) {
            return mix == QuantizationMix.Q3_K_L ? DType.Q4_K : base;
        }
        if (file.numExperts == 8) {
            return switch (mix) {
                case Q2_K, Q3_K_S, Q3_K_M, Q4_K_S, Q4_K_M, IQ4_NL, IQ4_XS, IQ3_M, IQ3_S, IQ3_XS, IQ3_XXS, IQ2_M,
                        IQ2_S, IQ2_XS, IQ2_XXS -> DType.Q5_K;
                default -> base;
            };
        }
        return switch (mix) {
            case Q2_K -> DType.Q3_K;
            case Q3_K_M, IQ3_M -> DType.Q4_K;
            case IQ3_XXS, IQ2_S, IQ2_M -> DType.IQ3_S;
            case Q3_K_L -> DType.Q5_K;
            default -> base;
        };
    }

    private DType down(int layer, File file, DType base) {
        int numLayers = file.numLayers;
        boolean isEarly = layer < numLayers / 8;
        boolean isFirst = layer < numLayers / 16;
        boolean hasMore = hasMore(layer, numLayers);
        return switch (mix) {
            case Q2_K -> DType.Q3_K;
            case Q2_K_S -> isEarly ? DType.Q4_K : base;
            case IQ3_M -> isEarly || file.numExperts == 8 && hasMore ? DType.Q4_K : base;
            case IQ2_M, IQ2_S, IQ2_XS, IQ2_XXS -> isEarly ? more() : base;
            case IQ3_XXS -> isWeighted ? base : isEarly ? DType.Q4_K : DType.Q3_K;
            case Q3_K_M -> isFirst ? DType.Q5_K : hasMore || !file.isFalcon ? DType.Q4_K : base;
            case Q3_K_L -> file.isFalcon ? DType.Q4_K : DType.Q5_K;
            case Q4_K_M -> file.isFalcon && !isFirst ? hasMore ? DType.Q5_K : base
                    : isFirst || hasMore ? DType.Q6_K : base;
            case Q5_K_M -> hasMore ? DType.Q6_K : base;
            case Q4_K_S -> isEarly && !file.isFalcon ? DType.Q5_K : base;
            case IQ4_NL, IQ4_XS -> !isWeighted && isEarly ? DType.Q5_K : base;
            case Q4_0 -> isWeighted && isEarly ? DType.Q4_1 : base;
            case Q5_0 -> isWeighted && isEarly ? DType.Q5_1 : base;
            default -> base;
        };
    }

    /// The first and last eighth of the layers, and every third between.
    private static boolean hasMore(int layer, int numLayers) {
        return layer < numLayers / 8 || layer >= 7 * numLayers / 8 || (layer - numLayers / 8) % 3 == 2;
    }

    private DType fitting(String name, DType type, long cols) {
        if (cols % type.blockElements() == 0) {
            return type;
        }
        DType smaller = switch (type) {
            case Q2_K, Q3_K, TQ2_0, TQ1_0 -> DType.Q4_0;
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            case IQ4_XS, IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS, IQ2_XXS -> DType.IQ4_NL;
            default -> type;
        };
        DType found = cols % smaller.blockElements() == 0 ? smaller : DType.F16;
        fallbacks.put(name, found);
        return found;
    }
}
