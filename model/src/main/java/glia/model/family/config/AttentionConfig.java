package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;

/// Reads attention from configs.
public final class AttentionConfig {
    private AttentionConfig() { }

    /// Causal attention with scores divided by √E; by default as many key-value heads as heads.
    public static Attention causal(Config config, int headSize, Rope rope, Bias bias) throws CheckpointException {
        return Attention.causal(config.positive("num_attention_heads"), numKeyValueHeads(config), headSize, rope,
                bias);
    }

    /// The same with another default for the number of key-value heads.
    public static Attention causal(Config config, int defaultKeyValueHeads, int headSize, Rope rope, Bias bias)
            throws CheckpointException {
        return Attention.causal(config.positive("num_attention_heads"),
                numKeyValueHeads(config, defaultKeyValueHeads), headSize, rope, bias);
    }

    /// A sliding window, if the config has one.
    public static Span span(Config config) throws CheckpointException {
        return config.has("sliding_window") ? new Span.Sliding(config.positive("sliding_window")) : new Span.Causal();
    }

    /// The head size: `head_dim`, else hidden size / heads.
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

    /// The number of key-value heads with a default; null means as many as heads.
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
