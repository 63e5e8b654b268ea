package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;

/// RMS normalization of heads with one weight for all of them, where ranks have some heads each: see `Ops.rmsNorm`. The
/// gradient of the weight is added over groups of heads and ranks (`TreeSum`); each of P ranks sends
/// `2 · (P - 1)/P · 4` bytes for each element.
public record HeadNorm(Tensor x, Weight w, float eps, float offset, Groups groups) implements Operation.Rounded,
        Operation.ReadsInputs {
    /// The heads in groups.
    ///
    /// @param ranks each of which has as many groups
    /// @param count of groups of all ranks
    public record Groups(RankGroup ranks, int count) { }

    @Override
    public Tensor forward(Compute ops) {
        return ops.rmsNorm(x, w, eps, offset);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor[] dws = new Tensor[groups.count / groups.ranks.size()];
        int width = x.cols() / dws.length;
        Tensor part = tape.scratch(x.rows(), width);
        Tensor dy = tape.scratch(x.rows(), width);
        Tensor dx = tape.scratch(x.rows(), width);
        Tensor weight = Compute.stored(w);
        for (int i = 0; i < dws.length; i++) {
            TreeSum.copyColumns(x, i * width, part);
            TreeSum.copyColumns(tape.gradient(y), i * width, dy);
            dx.zero();
            dws[i] = tape.scratch(1, (int) weight.size());
            dws[i].zero();
            tape.kernels().gradients().rmsNormBackward(dx, dws[i].view(0, DType.F32, weight.size()), dy, part, weight,
                    eps, offset);
            if (tape.needs(x)) {
                TreeSum.addColumns(tape.gradient(x), i * width, dx);
            }
        }
        if (tape.needs(w)) {
            new TreeSum(groups.ranks, false).add(tape.kernels(), tape::scratch, dws);
            Tensor dw = tape.gradient(w);
            tape.kernels().add(dw, dw, dws[0].view(0, DType.F32, dw.shape()), 1);
        }
    }
}
