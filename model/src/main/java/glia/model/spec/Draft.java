package glia.model.spec;

import java.util.List;

/// A multi-token-prediction (MTP) layer, which drafts for speculative decoding (https://arxiv.org/abs/2412.19437). It
/// predicts the token after the next from the last hidden state h, normalized, and the next token:
///
/// > h' = sublayers(J · [embeddingNorm(E[next]) ; hiddenNorm(h)]), logits = head(finalNorm(h'))
///
/// It shares the embedding E and the head with the model and does not change the model's output. A further MTP layer
/// takes `finalNorm(h')` as its h.
///
/// Its sublayers have the indices after those of the decoder and the encoder; J and the norms belong to the first.
public record Draft(Norm embeddingNorm, Norm hiddenNorm, List<Sublayer> sublayers, Norm finalNorm) {
    public Draft {
        sublayers = List.copyOf(sublayers);
        if (sublayers.isEmpty()) {
            throw new IllegalArgumentException("an MTP layer without sublayers");
        }
    }

    /// Adds the parameters; J is `[D, 2·D]`.
    void parameters(Shapes shapes, int firstPlace, int hidden) {
        Place place = Place.of(firstPlace);
        shapes.at(place).norm(embeddingNorm, Role.DRAFT_EMBEDDING_NORM, Role.DRAFT_EMBEDDING_NORM, hidden);
        shapes.norm(hiddenNorm, Role.DRAFT_HIDDEN_NORM, Role.DRAFT_HIDDEN_NORM, hidden);
        shapes.add(Role.DRAFT_JOIN, hidden, 2L * hidden);
        Parameters.sublayers(shapes, sublayers, firstPlace, hidden);
        shapes.at(place).norm(finalNorm, Role.DRAFT_FINAL_NORM, Role.DRAFT_FINAL_NORM, hidden);
    }
}
