package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.MatrixMemory;
import glia.model.spec.NumberRange;

/// The sizes of the mLSTM and the MLP of xLSTM.
final class XlstmMixers {
    private XlstmMixers() { }

    static MatrixMemory memory(Config config, int hidden, float eps, Bias bias) throws CheckpointException {
        int heads = config.positive("num_heads", 8);
        int keys = size(config, hidden, "qk_dim_factor", 0.5, heads);
        int values = size(config, hidden, "v_dim_factor", 1, heads);
        return new MatrixMemory(heads, keys / heads, values / heads,
                (float) Numbers.real(config, "gate_soft_cap", NumberRange.CAP, 15), eps,
                Standard.epsilon(config, "eps", 1e-6), bias);
    }

    private static int size(Config config, int hidden, String key, double otherwise, int heads)
            throws CheckpointException {
        int size = (int) (hidden * Numbers.real(config, key, NumberRange.FACTOR, otherwise));
        if (size < 1 || size % heads != 0) {
            throw config.error(key, "makes " + size + " dimensions, which " + heads + " heads do not divide");
        }
        return size;
    }

    /// The width of MLPs: a multiple of the hidden size, rounded up.
    static int width(Config config, int hidden) throws CheckpointException {
        double wide = hidden * Numbers.real(config, "ffn_proj_factor", NumberRange.FACTOR, 2.667);
        int multiple = config.positive("ffn_round_up_to_multiple_of", 64);
        double width = Math.floor((wide + multiple - 1) / multiple) * multiple;
        if (!NumberRange.SIZE.holds(width)) {
            throw config.error("ffn_proj_factor", "makes MLPs " + width + " wide");
        }
        return (int) width;
    }
}
