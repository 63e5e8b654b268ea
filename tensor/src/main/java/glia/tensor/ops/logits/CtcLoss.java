package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.util.Arrays;

/// Connectionist temporal classification: `-ln` of the probability that the frames of a sound say a text, summed over
/// all ways to place its tokens, where repetitions of a token count once and blanks not at all.
/// https://www.cs.toronto.edu/~graves/icml_2006.pdf
public final class CtcLoss implements UnaryOperation, Operation.ReadsInputs {
    private final Tensor x;
    /// The text with blanks around each token.
    private final int[] path;

    /// @param x log-probabilities `[T, V]`
    /// @param labels the tokens of the text
    public CtcLoss(Tensor x, int[] labels, int blank) {
        Compute.require(blank >= 0 && blank < x.cols() && Arrays.stream(labels).allMatch(t -> t >= 0 && t < x.cols())
                && x.rows() > 0, "CTC loss", x, blank);
        this.x = x;
        path = new int[2 * labels.length + 1];
        Arrays.fill(path, blank);
        for (int i = 0; i < labels.length; i++) {
            path[2 * i + 1] = labels[i];
        }
    }

    @Override
    public Tensor x() {
        return x;
    }

    /// The loss `[1, 1]`, infinite where the frames are too few.
    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(1, 1);
        y.set(0, (float) -total(walk(true)));
        return y;
    }

    /// The log-probability of all ways that are at a place of the path after a frame; backwards, of all that go on from
    /// there, that frame included.
    private double[][] walk(boolean isForward) {
        int frames = x.rows();
        int last = path.length - 1;
        double[][] sums = new double[frames][path.length];
        for (int n = 0; n < frames; n++) {
            int t = isForward ? n : frames - 1 - n;
            for (int i = 0; i <= last; i++) {
                int s = isForward ? i : last - i;
                double sum = n == 0 ? i < 2 ? 0 : Double.NEGATIVE_INFINITY : Double.NEGATIVE_INFINITY;
                for (int back = 0; n > 0 && back <= Math.min(2, i); back++) {
                    int from = isForward ? s - back : s + back;
                    boolean skips = back == 2 && (i % 2 == 0 || path[s] == path[from]);
                    sum = skips ? sum : add(sum, sums[isForward ? t - 1 : t + 1][from]);
                }
                sums[t][s] = sum + x.get((long) t * x.cols() + path[s]);
            }
        }
        return sums;
    }

    private static double add(double a, double b) {
        double high = Math.max(a, b);
        return high == Double.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
    }

    private static double total(double[][] sums) {
        double[] end = sums[sums.length - 1];
        return end.length == 1 ? end[0] : add(end[end.length - 1], end[end.length - 2]);
    }

    /// `dx[t, v] -= dy · P(v at t | text)`; nothing where the frames are too few.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        double dy = tape.gradient(y).get(0);
        double[][] before = walk(true);
        double[][] after = walk(false);
        double total = total(before);
        for (int t = 0; total > Double.NEGATIVE_INFINITY && t < before.length; t++) {
            for (int s = 0; s < path.length; s++) {
                long at = (long) t * x.cols() + path[s];
                dx.set(at, dx.get(at) - (float) (dy * Math.exp(before[t][s] + after[t][s] - x.get(at) - total)));
            }
        }
    }
}
