package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Embedding;

/// The token that fills up batches, `pad_token_id`. In most families its embedding is not learned.
public final class Padding {
    private static final String KEY = "pad_token_id";

    private Padding() { }

    /// The embedding with the padding that the config names. A number below 0 counts from the end of the vocabulary.
    public static Embedding read(Config config, Embedding embedding) throws CheckpointException {
        if (!config.has(KEY)) {
            return embedding;
        }
        int vocabSize = config.positive("vocab_size");
        int token = config.integer(KEY);
        token = token < 0 ? token + vocabSize : token;
        return token < 0 || token >= vocabSize ? embedding : embedding.withPadding(token);
    }

    /// The same where a config that does not mention a padding has this one.
    public static Embedding read(Config config, Embedding embedding, int ifAbsent) throws CheckpointException {
        return read(orElse(config, ifAbsent), embedding);
    }

    /// The config with this padding if it does not mention one.
    public static Config orElse(Config config, int ifAbsent) {
        return config.mentions(KEY) ? config : config.with(KEY, ifAbsent);
    }
}
