package glia.model.spec;

import java.util.List;
import java.util.Optional;

/// The encoder of an encoder-decoder model. It shares the decoder's token embedding; the decoder's cross attention
/// reads its last hidden states. https://arxiv.org/abs/1706.03762
///
/// Its sublayers have the indices after those of the decoder.
///
/// @param startToken id of the token that the decoder starts with
/// @param embedding the encoder's own positions and norm of the embedding, with a scale of their own, as in BART; empty
///     if it shares the decoder's
public record Encoder(List<Sublayer> sublayers, Norm finalNorm, int startToken, Optional<Embedding> embedding) {
    public Encoder {
        sublayers = List.copyOf(sublayers);
        if (sublayers.isEmpty()) {
            throw new IllegalArgumentException("an encoder without sublayers");
        }
        NumberRange.COUNT.require("start token", startToken);
    }

    /// An encoder that shares the decoder's embedding.
    public Encoder(List<Sublayer> sublayers, Norm finalNorm, int startToken) {
        this(sublayers, finalNorm, startToken, Optional.empty());
    }

    /// A copy with other sublayers and another final norm.
    Encoder with(List<Sublayer> others, Norm norm) {
        return new Encoder(others, norm, startToken, embedding);
    }
}
