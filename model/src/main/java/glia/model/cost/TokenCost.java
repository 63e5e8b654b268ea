package glia.model.cost;

import glia.model.spec.CrossAttention;
import glia.model.spec.Head;
import glia.model.spec.KeyChoice;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import java.util.Arrays;

/// The cost of one token: active parameters and FLOPs.
public final class TokenCost {
    private TokenCost() { }

    /// Whether a parameter is active for a token: of the experts, only as many as are selected, and none of a tower.
    static boolean isActive(ModelSpec spec, Parameter p) {
        return spec.towerOf(p.place()) < 0 && (p.expert() < 0 || p.sublayer() < 0
                || p.expert() < MixerCost.of(spec.mixer(p.place()), 0, 0).numExperts());
    }

    /// FLOPs of one token of a decoder or encoder at a position: matrix multiplications, attention and recurrences. The
    /// encoder of an encoder-decoder is not counted; its source is assumed to be as long as the sequence.
    public static long operations(ModelSpec spec, int position) {
        long operations = spec.head().matrix() == Head.Matrix.TIED ? 2L * spec.vocabSize()
                * spec.embedding().tokenSize(spec.hiddenSize()) : 0;
        int[] uses = uses(spec);
        long[] products = {0};
        Parameters.forEach(spec, (p, shape) -> {
            if (shape.length > 1 && p.sublayer() < uses.length && isFactor(spec, p) && isActive(spec, p)) {
                products[0] += 2 * (p.sublayer() < 0 ? 1 : uses[p.sublayer()]) * Parameters.size(shape);
            }
        });
        operations += products[0];
        int chosen = 0;
        for (int i = 0; i < spec.sublayers().size(); i++) {
            for (Mixer mixer : spec.mixers(i)) {
                chosen = MixerCost.keys(mixer).indexer().map(KeyChoice.Indexed::count).orElse(chosen);
                operations += MixerCost.of(mixer, position, chosen).mixing();
            }
        }
        return operations;
    }

    /// In how many sublayers the parameters of each sublayer are used.
    private static int[] uses(ModelSpec spec) {
        int[] uses = new int[spec.sublayers().size()];
        Arrays.fill(uses, 1);
        spec.sublayers().forEach(s -> s.sharedWith().ifPresent(owner -> uses[owner]++));
        return uses;
    }

    /// Whether a parameter is a matrix of a matrix multiplication, not a table or an elementwise weight.
    private static boolean isFactor(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case EMBEDDING, LAYER_EMBEDDING, NGRAM_TABLE, POSITIONS, ENCODER_POSITIONS, SEGMENTS, DISTANCES,
                    DECAY -> false;
            // Those of a source are made once, with its tokens.
            case KEY, VALUE -> !(spec.mixer(p.place()) instanceof CrossAttention);
            default -> true;
        };
    }
}
