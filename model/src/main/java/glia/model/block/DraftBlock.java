package glia.model.block;

import glia.model.spec.Draft;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.ConcatColumns;

/// A multi-token-prediction (MTP) layer (https://arxiv.org/abs/2412.19437, section 2.2).
final class DraftBlock {
    private final Block embeddingNorm;
    private final Block hiddenNorm;
    private final Weight join;
    private final Layers layers;
    private final Block finalNorm;

    DraftBlock(Draft spec, int firstPlace, Mixers mixers) {
        Weights weights = mixers.weights();
        Place place = Place.of(firstPlace);
        embeddingNorm = NormBlock.of(spec.embeddingNorm(), weights, place, Role.DRAFT_EMBEDDING_NORM,
                Role.DRAFT_EMBEDDING_NORM);
        hiddenNorm = NormBlock.of(spec.hiddenNorm(), weights, place, Role.DRAFT_HIDDEN_NORM, Role.DRAFT_HIDDEN_NORM);
        join = weights.get(place, Role.DRAFT_JOIN);
        layers = new Layers(spec.sublayers(), firstPlace, mixers);
        finalNorm = NormBlock.of(spec.finalNorm(), weights, place, Role.DRAFT_FINAL_NORM, Role.DRAFT_FINAL_NORM);
    }

    /// @param embedded the embeddings of the next tokens, `[N, D]`
    /// @param hidden `[N, D]`
    Tensor forward(Ops ops, Tensor embedded, Tensor hidden, Pass pass, States states) {
        Tensor next = embeddingNorm.forward(ops, embedded, pass, states);
        Tensor h = hiddenNorm.forward(ops, hidden, pass, states);
        Tensor x = ops.linear(ops.apply(new ConcatColumns(next, h, 1, false)), join);
        return finalNorm.forward(ops, layers.forward(ops, x, pass, states), pass, states);
    }
}
