package glia.model.block;

import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.List;

/// A decoder: embedding, sublayers `x + scale · after(mixer(before(x)))`, final norm, head.
public final class Decoder {
    private record Step(Block before, Block mixer, Block after, float scale) { }

    private final ModelSpec spec;
    private final Weight embedding;
    private final Weight head;
    private final List<Weight> positions;
    private final Step[] steps;
    private final Block finalNorm;

    public Decoder(ModelSpec spec, Weights weights) {
        this.spec = spec;
        embedding = weights.get(-1, Role.EMBEDDING);
        positions = switch (spec.positions()) {
            case Positions.None none -> List.of();
            case Positions.Learned learned -> List.of(weights.get(-1, Role.POSITIONS));
        };
        RopeTables ropes = new RopeTables();
        List<Step> all = new ArrayList<>();
        for (Sublayer s : spec.sublayers()) {
            int index = all.size();
            all.add(new Step(
                    NormBlock.of(s.before(), weights, index, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS),
                    mixer(s.mixer(), weights, index, ropes),
                    NormBlock.of(s.after(), weights, index, Role.AFTER_WEIGHT, Role.AFTER_BIAS), s.scale()));
        }
        steps = all.toArray(Step[]::new);
        finalNorm = NormBlock.of(spec.finalNorm(), weights, -1, Role.FINAL_WEIGHT, Role.FINAL_BIAS);
        head = weights.get(-1, spec.head() == Head.TIED ? Role.EMBEDDING : Role.HEAD);
    }

    private static Block mixer(Mixer mixer, Weights weights, int index, RopeTables ropes) {
        return switch (mixer) {
            case Mixer.Attention a -> new AttentionBlock(a, weights, index, ropes);
            case Mixer.GatedMlp m -> MlpBlock.of(m, weights, index);
            case Mixer.Mlp m -> MlpBlock.of(m, weights, index);
        };
    }

    /// The logits `[numOutputs, V]` of the tokens that the pass wants them of.
    ///
    /// @throws IllegalArgumentException if a token or, with learned positions, a position does not exist
    public Tensor forward(Ops ops, Pass pass, States states) {
        Tensor x = embed(ops, pass);
        for (Step step : steps) {
            int mark = ops.mark();
            Tensor update = step.before.forward(ops, x, pass, states);
            update = step.mixer.forward(ops, update, pass, states);
            update = step.after.forward(ops, update, pass, states);
            x = ops.residual(x, update, step.scale);
            ops.release(mark);
        }
        if (pass.numOutputs() < pass.numTokens()) {
            x = ops.select(x, pass.outputs(), pass.numOutputs());
        }
        return ops.linear(finalNorm.forward(ops, x, pass, states), head);
    }

    private Tensor embed(Ops ops, Pass pass) {
        Tensor x = ops.embed(embedding, pass.tokens(), pass.numTokens());
        if (spec.embeddingScale() != 1) {
            x = ops.scale(x, spec.embeddingScale());
        }
        if (positions.isEmpty()) {
            return x;
        }
        Weight table = positions.getFirst();
        for (int i = 0; i < pass.numTokens(); i++) {
            if (pass.positions()[i] >= table.rows()) {
                throw new IllegalArgumentException("position " + pass.positions()[i] + " is beyond the "
                        + table.rows() + " that the model has learned");
            }
        }
        return ops.residual(x, ops.embed(table, pass.positions(), pass.numTokens()), 1);
    }
}
