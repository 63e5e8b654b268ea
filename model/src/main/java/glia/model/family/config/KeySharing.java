package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;

/// Cross-layer KV sharing: the last `num_kv_shared_layers` layers use the keys and values of the last layer before them
/// of the same kind (sliding or full).
public final class KeySharing {
    private final boolean[] slides;
    private final int first;

    private KeySharing(boolean[] slides, int first) {
        this.slides = slides;
        this.first = first;
    }

    /// @param otherwise the default of `num_kv_shared_layers`
    public static KeySharing read(Config config, boolean[] slides, int otherwise) throws CheckpointException {
        String key = "num_kv_shared_layers";
        int count = Numbers.count(config, key, otherwise);
        if (count >= slides.length) {
            throw config.error(key, "found " + count + ", expected fewer than the " + slides.length + " layers");
        }
        KeySharing sharing = new KeySharing(slides, slides.length - count);
        for (int layer = sharing.first; layer < slides.length; layer++) {
            if (sharing.followed(layer) < 0) {
                throw config.error(key, "layer " + layer + " has no layer of its kind among the first "
                        + sharing.first + " to follow");
            }
        }
        return sharing;
    }

    public boolean follows(int layer) {
        return layer >= first;
    }

    /// The layer whose keys and values a later one shares.
    public int followed(int layer) {
        int before = first - 1;
        while (before >= 0 && slides[before] != slides[layer]) {
            before--;
        }
        return before;
    }
}
