package glia.engine;

import java.util.Locale;

/// A config of a tiny model of some family.
///
/// @param family the `model_type`
/// @param window the sliding window of the layers that have one, 0 for none; of gemma3, every second layer
/// @param width the hidden size, but in gpt2, where it is that of all heads
public record TinyConfig(String family, int numLayers, int numHeads, int numKeyValueHeads, int headSize, int window,
        int width, int mlpWidth) {
    static final int VOCABULARY = 37;
    static final int CONTEXT = 600;

    /// The narrowest.
    public TinyConfig(String family, int numLayers, int numHeads, int numKeyValueHeads, int headSize, int window) {
        this(family, numLayers, numHeads, numKeyValueHeads, headSize, window, 12, 20);
    }

    public int vocabSize() {
        return VOCABULARY;
    }

    /// The text of config.json.
    public String json() {
        if (family.equals("gpt2")) {
            // A layer norm of two numbers that are nearly equal enlarges every rounding by 1/√epsilon.
            return String.format(Locale.ROOT, """
                    {"model_type": "gpt2", "layer_norm_epsilon": 0.5,
                    "vocab_size": %d, "n_embd": %d, "n_head": %d, "n_layer": %d, "n_positions": %d, "n_inner": %d}""",
                    VOCABULARY, numHeads * headSize, numHeads, numLayers, CONTEXT,
                    mlpWidth);
        }
        return String.format(Locale.ROOT, """
                {"model_type": "%s", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
                "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": %d,
                "max_position_embeddings": %d, "sliding_window": %s, "sliding_window_pattern": 2,
                "query_pre_attn_scalar": %d, "use_sliding_window": %b, "max_window_layers": 0}""",
                family, VOCABULARY, width, mlpWidth, numLayers, numHeads, numKeyValueHeads, headSize, CONTEXT,
                window == 0 ? "null" : window, headSize, window != 0);
    }
}
