package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;

/// What configs say about attention.
public final class AttentionConfig {
    private AttentionConfig() { }

    /// Attention over all that went before, with scores divided by √E and as many key-value heads as heads unless the
    /// config says otherwise.
    public static Attention causal(Config config, int headSize, Rope rope, Bias bias) throws CheckpointException {
        return Attention.causal(config.positive("num_attention_heads"), numKeyValueHeads(config), headSize, rope,
                bias);
    }

    /// The same where a family has a default of its own for the number of key-value heads.
    public static Attention causal(Config config, int defaultKeyValueHeads, int headSize, Rope rope, Bias bias)
            throws CheckpointException {
        return Attention.causal(config.positive("num_attention_heads"),
                numKeyValueHeads(config, defaultKeyValueHeads), headSize, rope, bias);
    }

    /// A window, if the config has one.
    public static Span span(Config config) throws CheckpointException {
        return config.has("sliding_window") ? new Span.Sliding(config.positive("sliding_window")) : new Span.Causal();
    }

    /// The size of a head: `head_dim`, else hidden size / heads.
    public static int headSize(Config config, int otherwise) throws CheckpointException {
        if (config.has("head_dim")) {
            return config.positive("head_dim");
        }
        int hidden = config.positive("hidden_size");
        int heads = config.positive("num_attention_heads");
        if (otherwise == 0 && hidden % heads != 0) {
            throw config.error("num_attention_heads", heads + " heads do not divide the hidden size " + hidden
                    + " and there is no head_dim");
        }
        return otherwise == 0 ? hidden / heads : otherwise;
    }

    /// The number of key-value heads where a family has a default of its own: an explicit null means as many as heads.
    public static int numKeyValueHeads(Config config, int ifAbsent) throws CheckpointException {
        return config.has("num_key_value_heads") || config.isNull("num_key_value_heads") ? numKeyValueHeads(config)
                : ifAbsent;
    }

    public static int numKeyValueHeads(Config config) throws CheckpointException {
        int heads = config.positive("num_attention_heads");
        int kvHeads = config.has("num_key_value_heads") ? config.positive("num_key_value_heads") : heads;
        if (heads % kvHeads != 0) {
            throw config.error("num_key_value_heads", kvHeads + " do not divide the " + heads + " attention heads");
        }
        return kvHeads;
    }
}
