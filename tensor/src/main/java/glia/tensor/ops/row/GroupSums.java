package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Sums of rows by group, in F64: `y[g] = Σ x[n]` over the rows n with `groups[n] = g`, `[N, C]` to `[G, C]`. Rows of a
/// negative group are ignored.
public record GroupSums(Tensor x, int[] groups, int numGroups) implements UnaryOperation {
    public GroupSums {
        Compute.require(groups.length == x.rows(), "group sums", x, groups.length);
        for (int group : groups) {
            Compute.require(group < numGroups, "group sums", x, group);
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(numGroups, x.cols());
        double[] sums = new double[Math.toIntExact(y.size())];
        for (int n = 0; n < x.rows(); n++) {
            for (int i = 0; i < x.cols() && groups[n] >= 0; i++) {
                sums[groups[n] * x.cols() + i] += x.get((long) n * x.cols() + i);
            }
        }
        for (int i = 0; i < sums.length; i++) {
            y.set(i, (float) sums[i]);
        }
        return y;
    }

    @Override
    public Operation owned() {
        return new GroupSums(x, groups.clone(), numGroups);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (int n = 0; n < x.rows(); n++) {
            for (int i = 0; i < x.cols() && groups[n] >= 0; i++) {
                long at = (long) n * x.cols() + i;
                dx.set(at, dx.get(at) + dy.get((long) groups[n] * x.cols() + i));
            }
        }
    }
}
