package glia.model.cost;

import glia.model.spec.CrossAttention;
import glia.model.spec.Head;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import java.util.Map;

/// What one token uses of a model, and what that costs.
public final class TokenCost {
    private TokenCost() { }

    /// Whether a token uses a parameter: of experts it uses only as many as it goes through.
    static boolean isActive(ModelSpec spec, Parameter p) {
        return p.expert() < 0 || p.expert() < MixerCost.of(spec.mixer(p.place()), 0, 0).numExperts();
    }

    /// Floating-point operations for one token of a decoder, or of an encoder that stands alone, with `position` tokens
    /// before it in sight: products with the matrices that it uses, and what mixers do besides. An encoder before a
    /// decoder is not counted, but its source is as long as what the decoder has seen.
    public static long operations(ModelSpec spec, int position) {
        long operations = spec.head().matrix() == Head.Matrix.TIED ? 2L * spec.vocabSize() * spec.hiddenSize() : 0;
        for (Map.Entry<Parameter, long[]> entry : Parameters.of(spec).entrySet()) {
            Parameter p = entry.getKey();
            if (entry.getValue().length > 1 && p.sublayer() < spec.sublayers().size() && isFactor(spec, p)
                    && isActive(spec, p)) {
                operations += 2 * Parameters.size(entry.getValue());
            }
        }
        int chosen = 0;
        for (int i = 0; i < spec.sublayers().size(); i++) {
            for (Mixer mixer : spec.mixers(i)) {
                if (mixer instanceof LatentAttention a && a.keys() instanceof KeyChoice.Indexed indexed) {
                    chosen = indexed.count();
                }
                operations += MixerCost.of(mixer, position, chosen).mixing();
            }
        }
        return operations;
    }

    /// Whether each token is multiplied with a matrix, whose rows are not only looked up or used number by number.
    private static boolean isFactor(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case EMBEDDING, LAYER_EMBEDDING, POSITIONS, SEGMENTS, DISTANCES, DECAY -> false;
            // Those of a source are made once, with its tokens.
            case KEY, VALUE -> !(spec.mixer(p.place()) instanceof CrossAttention);
            default -> true;
        };
    }
}
