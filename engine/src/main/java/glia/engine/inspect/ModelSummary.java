package glia.engine.inspect;

import glia.engine.state.Sequence;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.codec.PictureTokens;
import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.spec.Classes;
import glia.model.spec.ModelSpec;
import glia.model.spec.Tower;
import glia.tensor.ops.Weight;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A summary of a model from its spec and its file.
///
/// @param layers its layers by kind
/// @param parameters by part
/// @param dtypes bytes by data type
/// @param classes the classes of a classifier
/// @param senses what it reads besides text, with the tokens that it takes
public record ModelSummary(String family, int numLayers, int hiddenSize, int vocabSize, int contextLength,
        List<LayerKind> layers, ParameterCount parameters, Map<String, Long> dtypes, long diskBytes,
        long weightBytes, Optional<Classes> classes, List<String> senses) {
    public ModelSummary {
        layers = List.copyOf(layers);
        senses = List.copyOf(senses);
    }

    /// The summary of a loaded model.
    public static ModelSummary of(Model model) {
        ModelSpec spec = model.spec();
        Map<String, Long> dtypes = dtypes(model.weights());
        return new ModelSummary(spec.modelType(), spec.numLayers(), spec.hiddenSize(), spec.vocabSize(),
                spec.contextLength(), LayerKind.of(spec), ParameterCount.of(spec), dtypes,
                model.checkpoint().sizeBytes(), dtypes.values().stream().mapToLong(Long::longValue).sum(),
                spec.head().classes(), senses(model));
    }

    private static List<String> senses(Model model) {
        if (PictureTokens.describe(model)) {
            return List.of("pictures, as tokens of the vocabulary");
        }
        return model.spec().towers().stream().map(Tower::describe).toList();
    }

    /// The bytes of KV cache that each further token takes in a layer, as long as no window slides.
    public static long cacheBytesPerToken(LayerKind kind) {
        return kind.growth() * Float.BYTES;
    }

    /// The allocated bytes of a layer's cache after `length` tokens.
    public static long cacheBytes(LayerKind kind, int length) {
        return kind.numbers(length, Sequence.BLOCK_TOKENS) * Float.BYTES;
    }

    private static Map<String, Long> dtypes(Weights weights) {
        Map<String, Long> bytes = new TreeMap<>();
        for (Weight w : weights.all().values()) {
            bytes.merge(w.format(), w.sizeBytes(), Long::sum);
        }
        return bytes;
    }
}
