package glia.model.cost;

import glia.model.spec.Role;

/// The parts of a model in parameter counts.
public enum Part {
    /// The layers, and the norms outside of them.
    BODY,
    /// The embeddings of tokens, positions and segments.
    EMBEDDING,
    /// The head with its transform; if it is tied, the token embedding.
    HEAD;

    static Part of(Role role) {
        return switch (role) {
            case EMBEDDING, EMBEDDING_PROJECTION, EMBEDDING_PROJECTION_BIAS, LAYER_EMBEDDING, POSITIONS,
                    ENCODER_POSITIONS, SEGMENTS -> EMBEDDING;
            case TRANSFORM, TRANSFORM_BIAS, TRANSFORM_NORM_WEIGHT, TRANSFORM_NORM_BIAS, HEAD, HEAD_BIAS -> HEAD;
            default -> BODY;
        };
    }
}
