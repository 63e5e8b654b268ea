package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.RealGatedRecurrence;
import glia.tensor.kernel.Activation;

/// The recurrent mixer and the order of layers of RecurrentGemma, and the scale of its embeddings.
final class GriffinMixers {
    private static final int BF16_SHIFT = 16;

    private GriffinMixers() { }

    static RealGatedRecurrence recurrence(Config config, int hidden, Activation activation)
            throws CheckpointException {
        int size = config.positive("lru_width", hidden);
        int blocks = config.positive("num_attention_heads");
        if (size % blocks != 0) {
            throw config.error("lru_width", "found " + size + ", which " + blocks + " heads do not divide");
        }
        return new RealGatedRecurrence(size, blocks, config.positive("conv1d_width", 4), activation);
    }

    /// The kinds of layers, in turn.
    static boolean[] attends(Config config) throws CheckpointException {
        String[] kinds = config.has("block_types") ? config.strings("block_types")
                : new String[] {"recurrent", "recurrent", "attention"};
        boolean[] attends = new boolean[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            attends[i] = kinds[i].equals("attention");
            if (!attends[i] && !kinds[i].equals("recurrent")) {
                throw config.error("block_types", "found '" + kinds[i] + "'; known are attention and recurrent");
            }
        }
        if (kinds.length == 0) {
            throw config.error("block_types", "is empty");
        }
        return attends;
    }

    /// Rounded to BF16, half to even, as the reference scales embeddings in every precision.
    static float rounded(float x) {
        int bits = Float.floatToRawIntBits(x);
        int half = (1 << BF16_SHIFT - 1) - 1 + (bits >>> BF16_SHIFT & 1);
        return Float.intBitsToFloat(bits + half >>> BF16_SHIFT << BF16_SHIFT);
    }
}
