package glia.model.layout;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// How the hidden states of a text's n tokens become one vector
/// ([Sentence-BERT](https://arxiv.org/abs/1908.10084),
/// [sentence-transformers](https://sbert.net/docs/package_reference/sentence_transformer/models.html)).
public enum Pooling {
    /// The mean.
    MEAN("pooling_mode_mean_tokens", "mean", 1),
    /// The hidden state of the first token.
    CLS("pooling_mode_cls_token", "cls", 2),
    /// The hidden state of the last token, the only one of a decoder that attends to the whole text.
    LAST("pooling_mode_lasttoken", "lasttoken", 3),
    /// The largest value of each dimension.
    MAX("pooling_mode_max_tokens", "max", 0),
    /// The sum divided by √n.
    MEAN_SQRT_LEN("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", 0),
    /// The mean weighted by position, 1 to n ([SGPT](https://arxiv.org/abs/2202.08904)).
    WEIGHTED_MEAN("pooling_mode_weightedmean_tokens", "weightedmean", 0);

    /// The number of hidden states without pooling in GGUF files.
    public static final int GGUF_NONE = 0;
    /// The number of a classifier's scores in GGUF files.
    public static final int GGUF_RANK = 4;

    private static final String MODE = "pooling_mode";

    private final String key;
    private final String mode;
    private final int ggufNumber;

    Pooling(String key, String mode, int ggufNumber) {
        this.key = key;
        this.mode = mode;
        this.ggufNumber = ggufNumber;
    }

    /// The key that chooses it in a config of sentence-transformers.
    public String key() {
        return key;
    }

    /// The value of the key `pooling_mode` that chooses it.
    public String mode() {
        return mode;
    }

    /// llama.cpp's number of the [pooling type](https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h);
    /// [#GGUF_NONE] if it has none.
    public int ggufNumber() {
        return ggufNumber;
    }

    /// The pooling of a number in a GGUF file.
    public static Optional<Pooling> ofGguf(long number) {
        return Arrays.stream(values()).filter(p -> p.ggufNumber == number && number != GGUF_NONE).findFirst();
    }

    /// The pooling that a config of sentence-transformers chooses.
    ///
    /// @throws CheckpointException if that is none, or more than one
    public static Pooling of(Config config) throws CheckpointException {
        List<String> wanted = new ArrayList<>();
        for (String key : config.keys()) {
            if (key.startsWith(MODE + "_") && config.isFlag(key) && config.flag(key)) {
                wanted.add(key);
            }
        }
        if (config.isText(MODE)) {
            wanted = List.of(config.text(MODE));
        }
        for (Pooling pooling : values()) {
            if (wanted.size() == 1 && (wanted.contains(pooling.key) || wanted.contains(pooling.mode))) {
                return pooling;
            }
        }
        throw config.error(MODE, "found " + wanted + ", expected one of "
                + Arrays.stream(values()).map(Pooling::key).toList());
    }
}
