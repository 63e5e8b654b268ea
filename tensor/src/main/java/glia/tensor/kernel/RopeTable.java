package glia.tensor.kernel;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Cosines and sines of rotary position embedding, made lazily and kept for positions met so far, off the Java heap.
///
/// Pair i of a head at position p turns by the angle `p · inverseFrequency[i]`; cosine and sine are multiplied with
/// `attentionFactor` (YaRN; else 1). https://arxiv.org/abs/2104.09864
public final class RopeTable {
    /// Which two numbers of a head form pair i of `rotated/2`.
    public enum Layout {
        /// i and i + rotated/2, as in Hugging Face's checkpoints.
        HALF_SPLIT,
        /// 2i and 2i + 1, as in GGUF files of the llama family.
        INTERLEAVED
    }

    private static final long ALIGNMENT = 64;
    /// Positions that are made ahead at most.
    private static final int MOST_AHEAD = 4096;

    /// What has been made: `numPositions` rows at an address, of `capacity`.
    private record Made(long address, int numPositions, int capacity) { }

    private final float[] inverseFrequencies;
    private final float attentionFactor;
    private final Layout layout;
    /// Keeps the tables that were outgrown too: another thread may still read them.
    private final Arena arena = Arena.ofAuto();
    private volatile Made made = new Made(0, 0, 0);

    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout) {
        this.inverseFrequencies = inverseFrequencies.clone();
        this.attentionFactor = attentionFactor;
        this.layout = layout;
    }

    public Layout layout() {
        return layout;
    }

    /// Pairs that turn; the first `2 · numPairs` numbers of each head are rotated, the rest kept.
    public int numPairs() {
        return inverseFrequencies.length;
    }

    /// Bytes of the row of a position: first all cosines, then all sines, F32.
    public long rowBytes() {
        return 2L * numPairs() * Float.BYTES;
    }

    /// The address of the table, one row a position, for at least the positions below `numPositions`. It lives as long
    /// as this object.
    public long upTo(int numPositions) {
        Made now = made;
        return numPositions <= now.numPositions ? now.address : grow(numPositions).address;
    }

    private synchronized Made grow(int numPositions) {
        Made old = made;
        if (numPositions <= old.numPositions) {
            return old;
        }
        int want = Math.max(numPositions, (int) Math.min(2L * old.numPositions, old.numPositions + (long) MOST_AHEAD));
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
        made = new Made(address, want, capacity);
        return made;
    }

    private void fill(int position, long row) {
        long sines = row + rowBytes() / 2;
        for (int i = 0; i < numPairs(); i++) {
            // The product is rounded to float first, as the reference does.
            double angle = (float) position * inverseFrequencies[i];
            Memory.f32(row + 4L * i, (float) Math.cos(angle) * attentionFactor);
            Memory.f32(sines + 4L * i, (float) Math.sin(angle) * attentionFactor);
        }
    }
}
