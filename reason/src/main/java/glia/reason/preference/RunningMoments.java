package glia.reason.preference;

import glia.tensor.Tensor;

/// The mean and variance of all numbers so far, batch after batch, in a tensor that checkpoints can keep: mean,
/// variance and count, by the parallel algorithm of Chan, Golub and LeVeque
/// (https://doi.org/10.1080/00031305.1983.10483115).
///
/// @param state `[3]`, zeros at the start
public record RunningMoments(Tensor state) {
    public RunningMoments {
        if (state.size() != 3) {
            throw new IllegalArgumentException("found " + state + ", expected three numbers");
        }
    }

    /// Takes a batch into account.
    public void add(double[] values) {
        if (values.length == 0) {
            return;
        }
        double sum = 0;
        for (double x : values) {
            sum += x;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double x : values) {
            squares += (x - mean) * (x - mean);
        }
        double before = count();
        double total = before + values.length;
        double shift = mean - mean();
        squares += variance() * before + shift * shift * before * values.length / total;
        state.set(0, (float) (mean() + shift * values.length / total));
        state.set(1, (float) (squares / total));
        state.set(2, (float) total);
    }

    public double mean() {
        return state.get(0);
    }

    /// The variance, divided by the count.
    public double variance() {
        return state.get(1);
    }

    /// The standard deviation of a sample, divided by the count less one; not a number for one value.
    public double deviation() {
        return Math.sqrt(variance() * count() / (count() - 1));
    }

    public double count() {
        return state.get(2);
    }
}
