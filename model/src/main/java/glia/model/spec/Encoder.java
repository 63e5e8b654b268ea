package glia.model.spec;

import java.util.List;

/// The encoder of an encoder-decoder model. It shares the decoder's embedding; the decoder's cross attention reads its
/// last hidden states. https://arxiv.org/abs/1706.03762
///
/// Its sublayers have the indices after those of the decoder.
///
/// @param startToken id of the token that the decoder starts with
public record Encoder(List<Sublayer> sublayers, Norm finalNorm, int startToken) {
    public Encoder {
        sublayers = List.copyOf(sublayers);
        if (sublayers.isEmpty()) {
            throw new IllegalArgumentException("an encoder without sublayers");
        }
        NumberRange.COUNT.require("start token", startToken);
    }
}
