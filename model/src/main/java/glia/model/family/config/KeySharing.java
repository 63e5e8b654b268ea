package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;

/// Cross-layer KV sharing: the last `num_kv_shared_layers` layers use the keys and values of the last layer before them
/// of the same kind (sliding or full).
public final class KeySharing {
    private static final String SOURCES = "kv_source_layers";

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

    /// For each layer, the one whose latents it uses: itself, or an earlier one of the same kind (`kv_source_layers`).
    ///
    /// @param rotates for each layer, whether it has RoPE
    public static int[] sources(Config config, boolean[] rotates) throws CheckpointException {
        int[] sources = new int[rotates.length];
        int[] given = config.has(SOURCES) ? config.integers(SOURCES) : new int[0];
        if (config.has(SOURCES) && given.length != sources.length) {
            throw config.error(SOURCES, "names " + given.length + " layers of " + sources.length);
        }
        for (int layer = 0; layer < sources.length; layer++) {
            sources[layer] = given.length == 0 ? layer : given[layer];
            if (sources[layer] < 0 || sources[layer] > layer || sources[sources[layer]] != sources[layer]
                    || rotates[sources[layer]] != rotates[layer]) {
                throw config.error(SOURCES + "[" + layer + "]", "found " + sources[layer]
                        + ", expected the layer itself or an earlier one with latents of its own, with RoPE alike");
            }
        }
        return sources;
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
