package glia.engine.embedding;

/// How the hidden states of a text's n tokens become one vector
/// ([Sentence-BERT](https://arxiv.org/abs/1908.10084),
/// [sentence-transformers](https://sbert.net/docs/package_reference/sentence_transformer/models.html)).
public enum Pooling {
    /// The mean.
    MEAN("pooling_mode_mean_tokens", "mean"),
    /// The hidden state of the first token.
    CLS("pooling_mode_cls_token", "cls"),
    /// The hidden state of the last token, the only one of a decoder that attends to the whole text.
    LAST("pooling_mode_lasttoken", "lasttoken"),
    /// The largest value of each dimension.
    MAX("pooling_mode_max_tokens", "max"),
    /// The sum divided by √n.
    MEAN_SQRT_LEN("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    /// The mean weighted by position, 1 to n ([SGPT](https://arxiv.org/abs/2202.08904)).
    WEIGHTED_MEAN("pooling_mode_weightedmean_tokens", "weightedmean");

    /// The key and the value of a config of sentence-transformers.
    final String key;
    final String mode;

    Pooling(String key, String mode) {
        this.key = key;
        this.mode = mode;
    }
}
