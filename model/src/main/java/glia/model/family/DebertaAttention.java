package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Conformer;
import glia.model.spec.DisentangledAttention;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Scores.RelativeRows;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The layers of DeBERTa, whose attention has as many kinds of relative positions as the config has.
final class DebertaAttention {
    private static final String TYPES = "pos_att_type";
    private static final String FIRST = "deberta";

    private DebertaAttention() { }

    /// Scores are divided by √(E · (1 + the kinds of positions)), also where none are used.
    private static Mixer of(Config config, BertLayers layers, int context) throws CheckpointException {
        Set<String> types = types(config);
        float scale = (float) (1 / Math.sqrt(layers.headSize() * (1.0 + types.size())));
        Bias bias = isFirst(config) ? Bias.ALL_BUT_KEYS : Bias.ALL;
        if (!config.flag("relative_attention", false) || types.isEmpty()) {
            return Attention.causal(layers.numHeads(), layers.numHeads(), layers.headSize(), new Rope.None(), bias)
                    .with(new Span.Bidirectional()).withScale(scale);
        }
        int reach = config.integer("max_relative_positions", -1);
        reach = reach < 1 ? context : reach;
        int buckets = config.integer("position_buckets", -1);
        boolean isNormed = Arrays.stream(config.text("norm_rel_ebd", "none").split("\\|")).map(String::strip)
                .anyMatch("layer_norm"::equalsIgnoreCase);
        return new DisentangledAttention(layers.numHeads(), layers.headSize(), scale,
                new RelativeRows(buckets > 0 ? buckets : reach, buckets > 0, reach), types.contains("c2p"),
                types.contains("p2c"), config.flag("share_att_key", false), bias,
                isNormed ? layers.norm() : new Norm.None(), 0);
    }

    private static boolean isFirst(Config config) throws CheckpointException {
        return config.text("model_type").equals(FIRST);
    }

    /// A config with the defaults of its kind; the first DeBERTa has none of the keys that came with V2.
    static Config complete(Config config) throws CheckpointException {
        if (!isFirst(config)) {
            return config.orElse(Map.of("vocab_size", 128_100, "hidden_size", 1536, "num_attention_heads", 24,
                    "intermediate_size", 6144));
        }
        Standard.refuse(config, "talking_head");
        return config.without("position_buckets").without("norm_rel_ebd").without("share_att_key")
                .without("conv_kernel_size").orElse(Map.of("vocab_size", 50_265, "hidden_size", 768,
                        "num_attention_heads", 12, "intermediate_size", 3072));
    }

    /// The layers, with a convolution of the embeddings after the first, if the config has one.
    static List<Sublayer> layers(Config config, BertLayers layers, int context) throws CheckpointException {
        List<Sublayer> all = layers.of(Numbers.layers(config, "num_hidden_layers"), of(config, layers, context));
        int kernel = config.integer("conv_kernel_size", 0);
        if (kernel > 0) {
            all.add(2, new Sublayer(0, layers.norm(), new Conformer.EmbeddingConvolution(kernel,
                    config.positive("conv_groups", 1), Activations.read(config, "conv_act", "tanh")), new Norm.None(),
                    new Residual.Normed(1, 1)));
        }
        return all;
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
