package glia.engine;

import glia.engine.state.Sequence;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import glia.tensor.ops.Weight;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What can be said of a model by looking at its spec and its file.
///
/// @param layers its layers by kind
/// @param parameters by part
/// @param dtypes bytes by number format
public record ModelFacts(String family, int numLayers, int hiddenSize, int vocabSize, int contextLength,
        List<LayerKind> layers, ParameterCount parameters, Map<String, Long> dtypes, long diskBytes,
        long weightBytes) {
    public ModelFacts {
        layers = List.copyOf(layers);
    }

    /// Looks at a loaded model.
    public static ModelFacts of(Model model) {
        ModelSpec spec = model.spec();
        Map<String, Long> dtypes = dtypes(model.weights());
        return new ModelFacts(spec.modelType(), spec.numLayers(), spec.hiddenSize(), spec.vocabSize(),
                spec.contextLength(), LayerKind.of(spec), ParameterCount.of(spec), dtypes,
                model.checkpoint().sizeBytes(), dtypes.values().stream().mapToLong(Long::longValue).sum());
    }

    /// The bytes that each further token adds to a sequence's state, where every token stays in sight.
    public static long cacheBytesPerToken(LayerKind kind) {
        return kind.growth() * Float.BYTES;
    }

    /// The bytes of a sequence's state after `length` tokens, as they are allocated.
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
