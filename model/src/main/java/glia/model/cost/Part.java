package glia.model.cost;

import glia.model.spec.Role;

/// Parts of a model that counts of parameters include or leave out.
public enum Part {
    /// The layers, and the norms outside of them.
    BODY,
    /// Rows that are looked up by token, position or segment.
    EMBEDDING,
    /// The matrix that gives logits, with what is done first; where it is tied, the embedding of tokens again.
    HEAD;

    static Part of(Role role) {
        return switch (role) {
            case EMBEDDING, LAYER_EMBEDDING, POSITIONS, SEGMENTS -> EMBEDDING;
            case TRANSFORM, TRANSFORM_BIAS, TRANSFORM_NORM_WEIGHT, TRANSFORM_NORM_BIAS, HEAD, HEAD_BIAS -> HEAD;
            default -> BODY;
        };
    }
}
