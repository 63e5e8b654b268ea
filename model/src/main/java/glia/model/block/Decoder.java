package glia.model.block;

import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;

/// A model from tokens to logits: embedding, sublayers `x + after(mixer(before(x)))`, final norm, head. It is a decoder
/// or, where attention sees later tokens too, an encoder.
public final class Decoder {
    private final EmbeddingBlock embedding;
    private final Layers layers;
    private final Block finalNorm;
    private final Block head;

    public Decoder(ModelSpec spec, Weights weights) {
        embedding = new EmbeddingBlock(spec.embedding(), weights);
        layers = new Layers(spec.sublayers(), 0, new Mixers(weights, new RopeTables()));
        finalNorm = NormBlock.of(spec.finalNorm(), weights, Place.WHOLE, Role.FINAL_WEIGHT, Role.FINAL_BIAS);
        head = HeadBlock.of(spec.head(), weights);
    }

    /// The logits `[numOutputs, V]` of the tokens that the pass wants them of.
    ///
    /// @throws IllegalArgumentException if a token or, with learned positions, a position does not exist
    public Tensor forward(Ops ops, Pass pass, States states) {
        return head.forward(ops, hidden(ops, pass, states), pass, states);
    }

    /// The last hidden states `[numOutputs, D]`, normed: what the head sees, and embeddings of texts are made of.
    public Tensor hidden(Ops ops, Pass pass, States states) {
        Tensor x = layers.forward(ops, embedding.forward(ops, pass, states), pass, states);
        if (pass.numOutputs() < pass.numTokens()) {
            x = ops.select(x, pass.outputs(), pass.numOutputs());
        }
        return finalNorm.forward(ops, x, pass, states);
    }
}
