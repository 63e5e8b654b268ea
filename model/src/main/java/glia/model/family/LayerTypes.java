package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;

/// Which layers slide: the list `layer_types`, or a family's rule where it is absent.
final class LayerTypes {
    /// A family's rule.
    @FunctionalInterface
    interface Rule {
        boolean slides(int layer);
    }

    private LayerTypes() { }

    /// For each layer, whether its attention slides.
    static boolean[] read(Config config, Rule otherwise) throws CheckpointException {
        boolean[] slides = new boolean[Standard.numLayers(config, "num_hidden_layers")];
        String[] types = config.has("layer_types") ? config.strings("layer_types") : new String[0];
        if (config.has("layer_types") && types.length != slides.length) {
            throw config.error("layer_types", "names " + types.length + " layers of " + slides.length);
        }
        for (int i = 0; i < slides.length; i++) {
            slides[i] = types.length == 0 ? otherwise.slides(i) : switch (types[i]) {
                case "sliding_attention" -> true;
                case "full_attention" -> false;
                default -> throw config.error("layer_types", "layer " + i + " is '" + types[i]
                        + "'; known are full_attention and sliding_attention");
            };
        }
        return slides;
    }
}
