package glia.engine;

import glia.model.Model;
import glia.model.block.Weights;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameters;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Weight;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What can be said of a model by looking at its spec and its file.
///
/// @param mixers how many layers have which mixer, described
/// @param numParameters a tied head counts once
/// @param dtypes bytes by number format
/// @param stateBytesPerToken what one more token costs in layers that see everything
/// @param windowBytes what sliding layers take at the most, once for a sequence
public record ModelFacts(String family, int numLayers, int hiddenSize, int vocabSize, int contextLength,
        Map<String, Integer> mixers, long numParameters, Map<String, Long> dtypes, long diskBytes, long weightBytes,
        long stateBytesPerToken, long windowBytes) {
    /// Looks at a loaded model.
    public static ModelFacts of(Model model) {
        ModelSpec spec = model.spec();
        Map<String, Integer> mixers = new LinkedHashMap<>();
        long perToken = 0;
        long windows = 0;
        for (Sublayer s : spec.sublayers()) {
            mixers.merge(describe(s.mixer()), 1, Integer::sum);
            if (s.mixer() instanceof Mixer.Attention a) {
                long bytes = 2L * a.keyValueSize() * Float.BYTES;
                switch (a.span()) {
                    case Span.Causal c -> perToken += bytes;
                    case Span.Sliding w -> windows += bytes * w.window();
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
            switch (w) {
                case Weight.Stored s -> bytes.merge(s.tensor().dtype().name(), s.tensor().sizeBytes(), Long::sum);
            }
        }
        return bytes;
    }

    private static String describe(Mixer mixer) {
        return switch (mixer) {
            case Mixer.Attention a -> kind(a) + " attention, " + a.numHeads() + " heads"
                    + (a.numHeads() == a.numKeyValueHeads()
                    ? "" : " over " + a.numKeyValueHeads() + " of keys and values") + ", size " + a.headSize() + ", "
                    + describe(a.span()) + ", " + describe(a.rope())
                    + (a.headNorm() instanceof Norm.None ? "" : ", normed heads");
            case Mixer.GatedMlp m -> "gated MLP, " + m.intermediateSize() + " wide, " + word(m.activation());
            case Mixer.Mlp m -> "MLP, " + m.intermediateSize() + " wide, " + word(m.activation());
        };
    }

    private static String word(Activation activation) {
        return activation.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String kind(Mixer.Attention a) {
        return a.numKeyValueHeads() == a.numHeads() ? "multi-head" : a.numKeyValueHeads() == 1 ? "multi-query"
                : "grouped-query";
    }

    private static String describe(Span span) {
        return switch (span) {
            case Span.Causal c -> "full";
            case Span.Sliding s -> "sliding window of " + s.window();
        };
    }

    private static String describe(Rope rope) {
        return switch (rope) {
            case Rope.None none -> "no rotation";
            case Rope.Rotary r -> "RoPE θ " + (long) r.theta()
                    + (r.scaling() instanceof glia.model.spec.RopeScaling.None ? "" : " scaled by "
                    + r.scaling().getClass().getSimpleName());
        };
    }
}
