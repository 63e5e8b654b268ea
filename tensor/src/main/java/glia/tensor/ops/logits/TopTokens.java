package glia.tensor.ops.logits;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Ranges;
import java.util.Arrays;

/// The k most probable tokens of each of some rows, best first, found part by part of the vocabulary. For equal logits
/// the lower token comes first.
public final class TopTokens {
    private final int numRows;
    private final int k;
    private final int[] ids;
    private final float[] values;

    TopTokens(int numRows, int k) {
        if (k < 0) {
            throw new IllegalArgumentException("the " + k + " most probable tokens");
        }
        this.numRows = numRows;
        this.k = k;
        ids = new int[numRows * k];
        values = new float[numRows * k];
        Arrays.fill(values, Float.NEGATIVE_INFINITY);
        Arrays.fill(ids, -1);
    }

    public int numRows() {
        return numRows;
    }

    /// k.
    public int size() {
        return k;
    }

    /// The token of a row with this rank, 0 for the most probable.
    public int id(int row, int rank) {
        return ids[row * k + rank];
    }

    /// The log-probability of that token.
    public float logProb(int row, int rank) {
        return values[row * k + rank];
    }

    /// Merges the logits z of a part of the vocabulary, for the rows from `row` on.
    ///
    /// @param first the token of the first column
    void add(Workers workers, Tensor z, int row, int first) {
        if (k == 0) {
            return;
        }
        Ranges.run(workers, z.rows(), z.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                long at = z.address() + 4L * n * z.cols();
                int start = (row + n) * k;
                for (int v = 0; v < z.cols(); v++) {
                    float logit = Memory.f32(at + 4L * v);
                    if (logit > values[start + k - 1] || ids[start + k - 1] < 0) {
                        insert(start, logit, first + v);
                    }
                }
            }
        });
    }

    private void insert(int start, float logit, int id) {
        int at = start + k - 1;
        while (at > start && (ids[at - 1] < 0 || values[at - 1] < logit)) {
            values[at] = values[at - 1];
            ids[at] = ids[at - 1];
            at--;
        }
        values[at] = logit;
        ids[at] = id;
    }

    /// Converts logits to log-probabilities.
    void finish(Doubles logSumExp) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] - logSumExp.get(i / k));
        }
    }
}
