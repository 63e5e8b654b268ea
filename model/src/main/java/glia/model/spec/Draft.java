package glia.model.spec;

import java.util.List;

/// A layer beyond the last that guesses one token more (multi-token prediction, https://arxiv.org/abs/2412.19437): from
/// the last hidden state h of a token, normed, and the token that follows,
///
/// > h' = sublayers(J · [embeddingNorm(E[next]) ; hiddenNorm(h)]), logits = head(finalNorm(h'))
///
/// foresees the token after that one. The embedding E and the head are the model's. It takes no part in what the model
/// says; it drafts what the model then confirms or not. The next draft layer takes `finalNorm(h')` for h.
///
/// Its sublayers stand at the places after those of the decoder and the encoder; J and its norms at the first of these.
public record Draft(Norm embeddingNorm, Norm hiddenNorm, List<Sublayer> sublayers, Norm finalNorm) {
    public Draft {
        sublayers = List.copyOf(sublayers);
        if (sublayers.isEmpty()) {
            throw new IllegalArgumentException("a draft layer without sublayers");
        }
    }

    /// The parameters, of which J is `[D, 2·D]`.
    void parameters(Shapes shapes, int firstPlace, int hidden) {
        Place place = Place.of(firstPlace);
        shapes.at(place).norm(embeddingNorm, Role.DRAFT_EMBEDDING_NORM, Role.DRAFT_EMBEDDING_NORM, hidden);
        shapes.norm(hiddenNorm, Role.DRAFT_HIDDEN_NORM, Role.DRAFT_HIDDEN_NORM, hidden);
        shapes.add(Role.DRAFT_JOIN, hidden, 2L * hidden);
        Parameters.sublayers(shapes, sublayers, firstPlace, hidden);
        shapes.at(place).norm(finalNorm, Role.DRAFT_FINAL_NORM, Role.DRAFT_FINAL_NORM, hidden);
    }
}
