package glia.model.block;

import glia.model.spec.Parallel;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Sums.Sum;

/// The sum of parallel mixers.
final class ParallelBlock implements Block {
    private record Branch(float inputScale, Block before, Block mixer, Block after, float outputScale) { }

    private final Branch[] branches;

    ParallelBlock(Parallel spec, Mixers mixers, Place place) {
        branches = new Branch[spec.branches().size()];
        for (int i = 0; i < branches.length; i++) {
            Parallel.Branch b = spec.branches().get(i);
            Place at = new Place(place.sublayer(), i + 1);
            branches[i] = new Branch(b.inputScale(),
                    NormBlock.of(b.before(), mixers.weights(), at, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS),
                    mixers.of(b.mixer(), at),
                    NormBlock.of(b.after(), mixers.weights(), at, Role.AFTER_WEIGHT, Role.AFTER_BIAS),
                    b.outputScale());
        }
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor sum = x;
        for (int i = 0; i < branches.length; i++) {
            Branch b = branches[i];
            Tensor in = b.inputScale == 1 ? x : ops.scale(x, b.inputScale);
            Tensor out = b.before.forward(ops, in, pass, states);
            out = b.mixer.forward(ops, out, pass, states);
            out = b.after.forward(ops, out, pass, states);
            if (i > 0) {
                sum = ops.apply(new Sum(sum, 1, out, b.outputScale));
            } else {
                sum = b.outputScale == 1 ? out : ops.scale(out, b.outputScale);
            }
        }
        return sum;
    }
}
