package glia.tensor.ops.scan;

import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import java.util.Arrays;

/// The recurrence of some channels of a `SelectiveScan`, token by token; all loops are over the channels.
final class SelectiveScanBlock {
    private final SelectiveScan scan;
    private final int from;
    private final int count;
    private final ArrayMath math;
    private final float[] b;
    private final float[] c;

    /// A, transposed: `[S][channels]`.
    final float[][] decay;
    final float[] skip;
    /// The state, `[S][channels]`.
    final float[][] h;
    /// For the last token: its inputs, their time steps before and after the softplus, `Δ x`, the factors `e^(Δ A)` and
    /// the results.
    final float[] x;
    final float[] raw;
    final float[] step;
    final float[] input;
    final float[][] factors;
    final float[] y;

    SelectiveScanBlock(SelectiveScan scan, float[] decays, float[] skip, int from, int count) {
        this.scan = scan;
        this.from = from;
        this.count = count;
        int stateSize = scan.b().cols();
        math = new ArrayMath(count);
        b = new float[stateSize];
        c = new float[stateSize];
        decay = new float[stateSize][count];
        for (int s = 0; s < stateSize; s++) {
            for (int i = 0; i < count; i++) {
                decay[s][i] = decays[(from + i) * stateSize + s];
            }
            if (scan.form() == DecayForm.LOGARITHM) {
                math.exp(decay[s], decay[s], count);
                ArrayMath.scale(decay[s], decay[s], -1, count);
            }
        }
        this.skip = Arrays.copyOfRange(skip, from, from + count);
        h = new float[stateSize][count];
        factors = new float[stateSize][count];
        x = new float[count];
        raw = new float[count];
        step = new float[count];
        input = new float[count];
        y = new float[count];
    }

    /// Loads a token and advances the state by it.
    void step(int t) {
        ChannelBlocks.load(scan.x(), t, from, x, count);
        ChannelBlocks.load(scan.steps(), t, from, raw, count);
        ChannelBlocks.load(scan.b(), t, 0, b, b.length);
        ChannelBlocks.load(scan.c(), t, 0, c, c.length);
        math.softplus(raw, step, count);
        ArrayMath.multiply(input, step, x, count);
        ArrayMath.multiply(y, skip, x, count);
        for (int s = 0; s < h.length; s++) {
            ArrayMath.multiply(factors[s], step, decay[s], count);
            math.exp(factors[s], factors[s], count);
            advance(h[s], factors[s], input, y, b[s], c[s], count);
        }
    }

    private static void advance(float[] h, float[] factors, float[] input, float[] y, float b, float c, int count) {
        for (int i = 0; i < count; i++) {
            float next = Math.fma(factors[i], h[i], input[i] * b);
            h[i] = next;
            y[i] = Math.fma(c, next, y[i]);
        }
    }
}
