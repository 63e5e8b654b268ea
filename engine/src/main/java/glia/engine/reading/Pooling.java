package glia.engine.reading;

/// How the hidden states of a text's tokens become one vector.
public enum Pooling {
    /// Their mean. https://arxiv.org/abs/1908.10084
    MEAN,
    /// That of the first token, which encoders train to stand for the text.
    CLS,
    /// That of the last token, the only one of a decoder that has seen the whole text.
    LAST
}
