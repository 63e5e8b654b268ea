package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Embedding;

/// Reads the padding token, `pad_token_id`. In most families its embedding gets no gradient.
public final class Padding {
    private static final String KEY = "pad_token_id";

    private Padding() { }

    /// The embedding with the config's padding token. A negative id counts from the end of the vocabulary.
    public static Embedding read(Config config, Embedding embedding) throws CheckpointException {
        if (!config.has(KEY)) {
            return embedding;
        }
        int vocabSize = config.positive("vocab_size");
        int token = config.integer(KEY);
        token = token < 0 ? token + vocabSize : token;
        return token < 0 || token >= vocabSize ? embedding : embedding.withPadding(token);
    }

    /// The same with a default padding token.
    public static Embedding read(Config config, Embedding embedding, int ifAbsent) throws CheckpointException {
        return read(orElse(config, ifAbsent), embedding);
    }

    /// The config with a default padding token.
    public static Config orElse(Config config, int ifAbsent) {
        return config.mentions(KEY) ? config : config.with(KEY, ifAbsent);
    }
}
