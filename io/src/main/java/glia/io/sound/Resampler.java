package glia.io.sound;

import java.math.BigInteger;
import java.util.Arrays;

/// Changes the rate of a sound, block by block: interpolation with a sinc under a Hann window of 6 zero crossings,
/// whose cut-off is 0.99 of the lower rate's half. With `o / n` the ratio of the rates in lowest terms and
/// `b = 0.99 min(o, n)`, sample `i n + p` is `Σ_j k_p(j) x[i o + j]` with
/// `k_p(j) = sinc(π t) cos²(π t / 12) b / o`, `t = (j / o - p / n) b`, `|t| < 6`.
/// https://ccrma.stanford.edu/~jos/resample
public final class Resampler {
    private static final int ZEROS = 6;
    private static final double ROLLOFF = 0.99;

    private final int from;
    private final int to;
    /// The first place of each phase, relative to `i o`, and the factors from it on.
    private final int[] starts;
    private final double[][] factors;
    /// Samples before the first place of the next output are dropped.
    private float[] kept = {};
    private int count;
    /// The index of the first kept sample.
    private long first;
    private long numIn;
    private long numOut;

    /// @param rate samples a second of the input
    public Resampler(int rate, int newRate) {
        int divisor = BigInteger.valueOf(rate).gcd(BigInteger.valueOf(newRate)).intValue();
        from = rate / divisor;
        to = newRate / divisor;
        starts = new int[to];
        factors = new double[to][];
        double base = ROLLOFF * Math.min(from, to);
        for (int p = 0; p < to && from != to; p++) {
            int low = (int) Math.floor(from * ((double) p / to - ZEROS / base));
            int high = (int) Math.ceil(from * ((double) p / to + ZEROS / base));
            starts[p] = low;
            factors[p] = new double[high - low + 1];
            for (int j = low; j <= high; j++) {
                double t = Math.clamp(((double) j / from - (double) p / to) * base, -ZEROS, ZEROS);
                double window = Math.cos(Math.PI * t / ZEROS / 2);
                factors[p][j - low] = (t == 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t)) * window * window * base
                        / from;
            }
        }
    }

    /// The samples that are complete with further ones of the input.
    public float[] add(float[] samples) {
        if (from == to) {
            return samples;
        }
        if (count + samples.length > kept.length) {
            kept = Arrays.copyOf(kept, Math.max(2 * kept.length, count + samples.length));
        }
        System.arraycopy(samples, 0, kept, count, samples.length);
        count += samples.length;
        numIn += samples.length;
        return out(false);
    }

    /// The rest, after which there is silence.
    public float[] end() {
        return from == to ? new float[0] : out(true);
    }

    private float[] out(boolean isEnd) {
        long wanted = Math.ceilDiv(numIn * to, (long) from);
        float[] out = new float[(int) (wanted - numOut)];
        int made = 0;
        while (numOut < wanted) {
            int p = (int) (numOut % to);
            long start = numOut / to * from + starts[p];
            if (!isEnd && start + factors[p].length > numIn) {
                break;
            }
            double sum = 0;
            int last = (int) Math.min(factors[p].length, numIn - start);
            for (int j = (int) Math.max(0, -start); j < last; j++) {
                sum += factors[p][j] * kept[(int) (start + j - first)];
            }
            out[made++] = (float) sum;
            numOut++;
        }
        long needed = Math.max(first, numOut / to * from + starts[(int) (numOut % to)]);
        int dropped = (int) Math.min(count, Math.max(0, needed - first));
        System.arraycopy(kept, dropped, kept, 0, count - dropped);
        count -= dropped;
        first += dropped;
        return made == out.length ? out : Arrays.copyOf(out, made);
    }
}
