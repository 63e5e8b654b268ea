package glia.model.spec;

import java.util.List;

/// The encoder of an encoder-decoder: it reads a whole source text, from the same embedding as the decoder's, and hands
/// its last hidden states to the decoder's cross attention. https://arxiv.org/abs/1706.03762
///
/// Its sublayers stand at the places after those of the decoder.
///
/// @param startToken what the decoder's text begins with
public record Encoder(List<Sublayer> sublayers, Norm finalNorm, int startToken) {
    public Encoder {
        sublayers = List.copyOf(sublayers);
        if (sublayers.isEmpty()) {
            throw new IllegalArgumentException("an encoder without sublayers");
        }
        NumberRange.COUNT.require("start token", startToken);
    }
}
