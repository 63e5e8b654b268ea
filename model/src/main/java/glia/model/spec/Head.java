package glia.model.spec;

/// The matrix that turns the last hidden state to logits.
public enum Head {
    /// The token embedding again. https://arxiv.org/abs/1608.05859
    TIED,
    /// A matrix of its own.
    SEPARATE
}
