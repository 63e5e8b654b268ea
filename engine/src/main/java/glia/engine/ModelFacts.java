package glia.engine;

import glia.model.Model;
import glia.model.block.Weights;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.model.spec.Remembered;
import glia.tensor.ops.Weight;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// What can be said of a model by looking at its spec and its file.
///
/// @param mixers how many layers have which mixer, described
/// @param numParameters a tied head counts once
/// @param dtypes bytes by number format
/// @param stateBytesPerToken what one more token costs in layers that see everything
/// @param windowBytes what sliding and recurrent layers take at the most, once for a sequence
public record ModelFacts(String family, int numLayers, int hiddenSize, int vocabSize, int contextLength,
        Map<String, Integer> mixers, long numParameters, Map<String, Long> dtypes, long diskBytes, long weightBytes,
        long stateBytesPerToken, long windowBytes) {
    /// Looks at a loaded model.
    public static ModelFacts of(Model model) {
        ModelSpec spec = model.spec();
        Map<String, Integer> mixers = new LinkedHashMap<>();
        long perToken = 0;
        long windows = 0;
        for (int i = 0; i < spec.sublayers().size(); i++) {
            mixers.merge(spec.sublayers().get(i).mixer().describe(), 1, Integer::sum);
            for (Mixer mixer : spec.mixers(i)) {
                for (Remembered remembered : mixer.remembered()) {
                    perToken += StateSize.bytesPerToken(remembered);
                    windows += StateSize.fixedBytes(remembered);
                }
            }
        }
        Map<String, Long> dtypes = dtypes(model.weights());
        return new ModelFacts(spec.modelType(), spec.numLayers(), spec.hiddenSize(), spec.vocabSize(),
                spec.contextLength(),
                mixers, Parameters.count(spec), dtypes, model.checkpoint().sizeBytes(),
                dtypes.values().stream().mapToLong(Long::longValue).sum(), perToken, windows);
    }

    private static Map<String, Long> dtypes(Weights weights) {
        Map<String, Long> bytes = new TreeMap<>();
        for (Weight w : weights.all().values()) {
            bytes.merge(w.format(), w.sizeBytes(), Long::sum);
        }
        return bytes;
    }
}
