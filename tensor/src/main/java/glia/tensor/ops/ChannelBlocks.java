package glia.tensor.ops;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Runs work on independent channels, in blocks short enough for the L1 cache and long enough for vectorized loops over
/// plain arrays.
public final class ChannelBlocks extends RangeTask {
    /// Channels in a block.
    public static final int SIZE = 128;

    /// Processes channels `from` to `from + count`.
    public interface Body {
        void run(int from, int count);
    }

    private final int numChannels;
    private final Body body;

    private ChannelBlocks(Workers workers, int numChannels, Body body) {
        super(workers);
        this.numChannels = numChannels;
        this.body = body;
    }

    /// Runs `body` for all channels.
    ///
    /// @param costPerChannel approximate number of multiplications for a channel
    public static void run(Workers workers, int numChannels, long costPerChannel, Body body) {
        ChannelBlocks task = new ChannelBlocks(workers, numChannels, body);
        task.distribute(Math.ceilDiv(numChannels, SIZE), SIZE * costPerChannel);
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int block = from; block < to; block++) {
            int first = block * SIZE;
            body.run(first, Math.min(SIZE, numChannels - first));
        }
    }

    /// Loads up to `count` values of row `row` of x, from column `from` on, as many as fit `to`.
    public static void load(Tensor x, int row, int from, float[] to, int count) {
        long at = x.address() + 4 * ((long) row * x.cols() + from);
        MemorySegment.copy(Memory.ALL, Memory.F32, at, to, 0, count);
    }

    /// Stores values to row `row` of x, from column `from` on.
    public static void store(float[] numbers, Tensor x, int row, int from, int count) {
        long at = x.address() + 4 * ((long) row * x.cols() + from);
        MemorySegment.copy(numbers, 0, Memory.ALL, Memory.F32, at, count);
    }

    /// Computes `x[row, from…] += numbers`.
    public static void add(float[] numbers, Tensor x, int row, int from, int count) {
        long at = x.address() + 4 * ((long) row * x.cols() + from);
        for (int i = 0; i < count; i++) {
            Memory.f32(at + 4L * i, Memory.f32(at + 4L * i) + numbers[i]);
        }
    }

    /// Returns the values of a small weight of any type.
    public static float[] numbers(Weight w) {
        Tensor t = Compute.stored(w);
        float[] all = new float[Math.toIntExact(t.size())];
        Decode.toFloats(t, 0, all, 0, all.length);
        return all;
    }

    /// Throws unless a backward pass is possible: gradients are supported for full sequences only.
    public static void requireNone(RecurrentState state) {
        if (state != RecurrentState.NONE) {
            throw new IllegalArgumentException("gradients need full sequences: record without a state");
        }
    }
}
