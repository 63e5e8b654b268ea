package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.DisentangledAttention;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.tensor.kernel.Scores.RelativeRows;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// The attention of DeBERTa V2, with as many kinds of relative positions as the config has.
final class DebertaAttention {
    private static final String TYPES = "pos_att_type";

    private DebertaAttention() { }

    /// Scores are divided by √(E · (1 + the kinds of positions)), also where none are used.
    static Mixer of(Config config, BertLayers layers, int context) throws CheckpointException {
        Set<String> types = types(config);
        float scale = (float) (1 / Math.sqrt(layers.headSize() * (1.0 + types.size())));
        if (!config.flag("relative_attention", false) || types.isEmpty()) {
            return layers.attention().withScale(scale);
        }
        int reach = config.integer("max_relative_positions", -1);
        reach = reach < 1 ? context : reach;
        int buckets = config.integer("position_buckets", -1);
        boolean isNormed = Arrays.stream(config.text("norm_rel_ebd", "none").split("\\|")).map(String::strip)
                .anyMatch("layer_norm"::equalsIgnoreCase);
        return new DisentangledAttention(layers.numHeads(), layers.headSize(), scale,
                new RelativeRows(buckets > 0 ? buckets : reach, buckets > 0, reach), types.contains("c2p"),
                types.contains("p2c"), config.flag("share_att_key", false), isNormed ? layers.norm() : new Norm.None(),
                0);
    }

    private static Set<String> types(Config config) throws CheckpointException {
        String[] named = !config.has(TYPES) ? new String[0] : config.isText(TYPES)
                ? config.text(TYPES).toLowerCase(Locale.ROOT).split("\\|") : config.strings(TYPES);
        Set<String> types = Arrays.stream(named).map(String::strip).filter(s -> !s.isEmpty())
                .collect(Collectors.toSet());
        if (!Set.of("c2p", "p2c").containsAll(types)) {
            throw config.error(TYPES, "found " + types + ", expected c2p and p2c");
        }
        return types;
    }

    /// Refuses a config that has a key with another value.
    static void same(Config config, String key, int supported) throws CheckpointException {
        if (config.has(key) && config.positive(key) != supported) {
            throw config.error(key, "found " + config.positive(key) + ", only " + supported + " is supported here");
        }
    }
}
