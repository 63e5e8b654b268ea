package glia.jmh.compare;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.jmh.compare.Architecture.Size;
import glia.model.cost.ParameterCount;
import glia.model.fresh.YamlSpec;
import glia.model.spec.ModelSpec;
import java.nio.file.Path;
import java.util.Locale;

/// Models of equal depth and an almost equal number of parameters. Each layer is a mixer and a gated MLP, each after an
/// RMS norm and with a residual connection; embedding and head are tied. Embeddings begin with a standard deviation of
/// 0.02 and are multiplied by 50 at the input, so that tokens are as large there as the first outputs of mixers.
///
/// An architecture's hidden size D is the multiple of 8 that comes closest to the number of parameters with an MLP of
/// 8 D / 3; then the MLP, in steps of 4, makes up for the difference.
final class MatchedSpec {
    /// The largest difference from the wanted number of parameters, as a share of it.
    static final double TOLERANCE = 0.05;

    private static final int WIDTH_STEP = 8;
    private static final int MLP_STEP = 4;
    private static final int MOST_HIDDEN = 1024;

    private MatchedSpec() { }

    /// The spec of an architecture.
    ///
    /// @param context the longest sequence
    /// @throws IllegalStateException if no width comes close
    static ModelSpec of(Architecture architecture, Size size, int vocab, int context) throws CheckpointException {
        int hidden = 0;
        long nearest = Long.MAX_VALUE;
        for (int width = 2 * WIDTH_STEP; width <= MOST_HIDDEN; width += WIDTH_STEP) {
            long difference = count(spec(architecture, size, vocab, context, width, mlp(width))) - size.parameters();
            if (Math.abs(difference) < nearest) {
                nearest = Math.abs(difference);
                hidden = width;
            }
            if (difference > 0) {
                break;
            }
        }
        long missing = size.parameters() - count(spec(architecture, size, vocab, context, hidden, mlp(hidden)));
        // An MLP has three matrices.
        long steps = Math.round((double) missing / (3L * MLP_STEP * hidden * size.layers()));
        int mlp = Math.max(MLP_STEP, mlp(hidden) + (int) steps * MLP_STEP);
        ModelSpec spec = spec(architecture, size, vocab, context, hidden, mlp);
        long found = count(spec);
        if (Math.abs(found - size.parameters()) > TOLERANCE * size.parameters()) {
            throw new IllegalStateException(architecture.label() + " has " + found + " parameters with a hidden size "
                    + "of " + hidden + ", expected about " + size.parameters() + "; choose a smaller vocabulary than "
                    + vocab);
        }
        return spec;
    }

    /// The number of parameters.
    static long count(ModelSpec spec) {
        return ParameterCount.of(spec).total();
    }

    private static int mlp(int hidden) {
        return MLP_STEP * Math.round(8f * hidden / 3 / MLP_STEP);
    }

    private static ModelSpec spec(Architecture architecture, Size size, int vocab, int context, int hidden, int mlp)
            throws CheckpointException {
        return YamlSpec.read(YamlDocument.parse(Path.of(architecture.key() + ".yaml"), String.format(Locale.ROOT, """
                vocab: %d
                hidden: %d
                context: %d
                embedding-scale: 50
                layers:
                  - repeat: %d
                    mixers: [%s, {kind: mlp, size: %d}]
                """, vocab, hidden, context, size.layers(), architecture.mixer(hidden), mlp)));
    }
}
