package glia.tensor.kernel;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Cosines and sines of rotary position embedding, computed lazily and kept off-heap.
///
/// Pair i of a head at position p is rotated by the angle `p · inverseFrequency[i]`; cosine and sine are multiplied by
/// `attentionFactor` (YaRN; otherwise 1). https://arxiv.org/abs/2104.09864
public final class RopeTable {
    /// Which two values of a head form pair i of `rotated/2`.
    public enum Layout {
        /// i and i + rotated/2, as in Hugging Face checkpoints.
        HALF_SPLIT,
        /// 2i and 2i + 1, as in GGUF files of the llama family.
        INTERLEAVED
    }

    private static final long ALIGNMENT = 64;
    /// Upper limit of positions computed ahead.
    private static final int MAX_AHEAD = 4096;

    /// The computed table: `numPositions` rows of `capacity` at an address.
    private record Table(long address, int numPositions, int capacity) { }

    private final float[] inverseFrequencies;
    private final float attentionFactor;
    private final Layout layout;
    /// The axis of each pair; empty for a single axis.
    private final int[] axes;
    /// Also keeps tables that were outgrown: another thread may still read them.
    private final Arena arena = Arena.ofAuto();
    private volatile Table made = new Table(0, 0, 0);

    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout) {
        this(inverseFrequencies, attentionFactor, layout, new int[0]);
    }

    /// @param axes the axis of the positions that each pair turns by; empty for a single axis
    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout, int[] axes) {
        this.axes = axes.clone();
        this.inverseFrequencies = inverseFrequencies.clone();
        this.attentionFactor = attentionFactor;
        this.layout = layout;
    }

    /// The rotation the other way.
    public RopeTable reversed() {
        float[] negative = new float[inverseFrequencies.length];
        for (int i = 0; i < negative.length; i++) {
            negative[i] = -inverseFrequencies[i];
        }
        return new RopeTable(negative, attentionFactor, layout, axes);
    }

    /// The frequencies of the pairs, scaled.
    public float[] frequencies() {
        return inverseFrequencies.clone();
    }

    /// The factor of cosines and sines.
    public float factor() {
        return attentionFactor;
    }

    public Layout layout() {
        return layout;
    }

    /// The axis of the positions that a pair turns by.
    public int axis(int pair) {
        return axes.length == 0 ? 0 : axes[pair];
    }

    /// The number of rotated pairs; the first `2 · numPairs` values of each head are rotated, the rest is unchanged.
    public int numPairs() {
        return inverseFrequencies.length;
    }

    /// Size of the row of a position, in bytes: first all cosines, then all sines, F32.
    public long rowBytes() {
        return 2L * numPairs() * Float.BYTES;
    }

    /// Returns the address of the table, one row a position, for at least the positions below `numPositions`. It is
    /// valid as long as this object.
    public long upTo(int numPositions) {
        Table now = made;
        return numPositions <= now.numPositions ? now.address : grow(numPositions).address;
    }

    private synchronized Table grow(int numPositions) {
        Table old = made;
        if (numPositions <= old.numPositions) {
            return old;
        }
        int want = Math.max(numPositions, (int) Math.min(2L * old.numPositions, old.numPositions + (long) MAX_AHEAD));
        int capacity = want <= old.capacity ? old.capacity
                : (int) Math.max(want, Math.min(2L * old.capacity, Integer.MAX_VALUE));
        long address = old.address;
        if (capacity != old.capacity) {
            address = arena.allocate(Math.max(1, capacity * rowBytes()), ALIGNMENT).address();
            MemorySegment.copy(Memory.ALL, old.address, Memory.ALL, address, old.numPositions * rowBytes());
        }
        for (int p = old.numPositions; p < want; p++) {
            fill(p, address + p * rowBytes());
        }
        made = new Table(address, want, capacity);
        return made;
    }

    private void fill(int position, long row) {
        long sines = row + rowBytes() / 2;
        for (int i = 0; i < numPairs(); i++) {
            // The product is rounded to float first, as in the reference implementation.
            double angle = (float) position * inverseFrequencies[i];
            Memory.f32(row + 4L * i, (float) Math.cos(angle) * attentionFactor);
            Memory.f32(sines + 4L * i, (float) Math.sin(angle) * attentionFactor);
        }
    }
}
