package glia.model.block;

import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.SoftCap;
import glia.tensor.ops.Sum;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;

/// A decoder: embedding, sublayers `x + after(mixer(before(x)))`, final norm, head.
public final class Decoder {
    private record Step(Block before, Block mixer, Block after, Residual residual) { }

    private final Embedding embeddingSpec;
    private final Head headSpec;
    private final Weight embedding;
    private final Block embeddingNorm;
    private final Weight head;
    private final List<Weight> positions;
    private final Step[] steps;
    private final Block finalNorm;

    public Decoder(ModelSpec spec, Weights weights) {
        embeddingSpec = spec.embedding();
        headSpec = spec.head();
        embedding = weights.get(Place.WHOLE, Role.EMBEDDING);
        positions = switch (embeddingSpec.positions()) {
            case Positions.None none -> List.of();
            case Positions.Learned learned -> List.of(weights.get(Place.WHOLE, Role.POSITIONS));
        };
        embeddingNorm = NormBlock.of(embeddingSpec.norm(), weights, Place.WHOLE, Role.EMBEDDING_NORM_WEIGHT,
                Role.EMBEDDING_NORM_BIAS);
        Mixers mixers = new Mixers(weights, new RopeTables());
        List<Step> all = new ArrayList<>();
        for (Sublayer s : spec.sublayers()) {
            Place place = Place.of(all.size());
            all.add(new Step(
                    NormBlock.of(s.before(), weights, place, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS),
                    mixers.of(s.mixer(), place),
                    NormBlock.of(s.after(), weights, place, Role.AFTER_WEIGHT, Role.AFTER_BIAS), s.residual()));
        }
        steps = all.toArray(Step[]::new);
        finalNorm = NormBlock.of(spec.finalNorm(), weights, Place.WHOLE, Role.FINAL_WEIGHT, Role.FINAL_BIAS);
        head = weights.get(Place.WHOLE, headSpec.matrix() == Head.Matrix.TIED ? Role.EMBEDDING : Role.HEAD);
    }

    /// The logits `[numOutputs, V]` of the tokens that the pass wants them of.
    ///
    /// @throws IllegalArgumentException if a token or, with learned positions, a position does not exist
    public Tensor forward(Ops ops, Pass pass, States states) {
        Tensor x = embed(ops, pass, states);
        for (Step step : steps) {
            int mark = ops.mark();
            Tensor normed = step.before.forward(ops, x, pass, states);
            Tensor update = step.mixer.forward(ops, normed, pass, states);
            update = step.after.forward(ops, update, pass, states);
            x = switch (step.residual) {
                case Residual.Add add -> ops.residual(x, update, add.scale());
                case Residual.Normed r -> ops.settle(x, ops.apply(new Sum(normed, r.alpha(), update, r.beta())));
            };
            ops.release(mark);
        }
        if (pass.numOutputs() < pass.numTokens()) {
            x = ops.select(x, pass.outputs(), pass.numOutputs());
        }
        Tensor logits = ops.linear(finalNorm.forward(ops, x, pass, states), head);
        return switch (headSpec.logits()) {
            case Head.Logits.Plain plain -> logits;
            case Head.Logits.Scaled scaled -> ops.scale(logits, scaled.factor());
            case Head.Logits.Capped capped -> ops.apply(new SoftCap(logits, capped.cap()));
        };
    }

    private Tensor embed(Ops ops, Pass pass, States states) {
        Tensor x = ops.embed(embedding, pass.tokens(), pass.numTokens());
        if (embeddingSpec.scale() != 1) {
            x = ops.scale(x, embeddingSpec.scale());
        }
        for (Weight table : positions) {
            for (int i = 0; i < pass.numTokens(); i++) {
                if (pass.positions()[i] >= table.rows()) {
                    throw new IllegalArgumentException("position " + pass.positions()[i] + " is beyond the "
                            + table.rows() + " that the model has learned");
                }
            }
            x = ops.residual(x, ops.embed(table, pass.positions(), pass.numTokens()), 1);
        }
        return embeddingNorm.forward(ops, x, pass, states);
    }
}
