package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.util.Arrays;

/// The largest value of each column by group of rows: `y[g,c] = max x[n,c]` over the rows n with `groups[n] = g`,
/// `[N, C]` to `[G, C]`. Of equal values the first gets the gradient. Rows of a negative group are ignored.
public final class GroupMax implements UnaryOperation {
    private final Tensor x;
    private final int[] groups;
    private final int numGroups;
    private final int[] rows;

    /// @throws IllegalArgumentException if a group has no rows
    public GroupMax(Tensor x, int[] groups, int numGroups) {
        Compute.require(groups.length == x.rows(), "group maxima", x, groups.length);
        boolean[] found = new boolean[numGroups];
        for (int group : groups) {
            Compute.require(group < numGroups, "group maxima", x, group);
            if (group >= 0) {
                found[group] = true;
            }
        }
        for (int g = 0; g < numGroups; g++) {
            Compute.require(found[g], "group maxima", x, "a group without rows, " + g);
        }
        this.x = x;
        this.groups = groups.clone();
        this.numGroups = numGroups;
        rows = new int[numGroups * x.cols()];
    }

    @Override
    public Tensor x() {
        return x;
    }

    @Override
    public Tensor forward(Compute ops) {
        int cols = x.cols();
        Tensor y = ops.allocate(numGroups, cols);
        Arrays.fill(rows, -1);
        for (int n = 0; n < groups.length; n++) {
            for (int c = 0; c < cols && groups[n] >= 0; c++) {
                int at = groups[n] * cols + c;
                if (rows[at] < 0 || x.get((long) n * cols + c) > y.get(at)) {
                    rows[at] = n;
                    y.set(at, x.get((long) n * cols + c));
                }
            }
        }
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (int i = 0; i < rows.length; i++) {
            long at = (long) rows[i] * x.cols() + i % x.cols();
            dx.set(at, dx.get(at) + dy.get(i));
        }
    }
}
