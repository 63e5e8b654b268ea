package glia.tensor.kernel;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// The angles of rotary position embedding; `RopeRows` holds the cosines and sines of a pass.
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

    private final float[] inverseFrequencies;
    private final float attentionFactor;
    private final Layout layout;
    /// The axis of each pair; empty for a single axis.
    private final int[] axes;
    private final int numAxes;
    private RopeTable reversed;

    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout) {
        this(inverseFrequencies, attentionFactor, layout, new int[0]);
    }

    /// @param axes the axis of the positions that each pair turns by; empty for a single axis
    public RopeTable(float[] inverseFrequencies, float attentionFactor, Layout layout, int[] axes) {
        this.axes = axes.clone();
        numAxes = 1 + Arrays.stream(axes).max().orElse(0);
        this.inverseFrequencies = inverseFrequencies.clone();
        this.attentionFactor = attentionFactor;
        this.layout = layout;
    }

    /// The rotation the other way: always the same object, so that layers share its rows.
    public RopeTable reversed() {
        if (reversed == null) {
            float[] negative = new float[inverseFrequencies.length];
            for (int i = 0; i < negative.length; i++) {
                negative[i] = -inverseFrequencies[i];
            }
            reversed = new RopeTable(negative, attentionFactor, layout, axes);
        }
        return reversed;
    }

    /// Turns a head that is rotated already by so many positions more, without the attention factor.
    public void turn(float[] head, double positions) {
        by(positions).turn(head);
    }

    /// The turn of rotated heads by so many positions more, for many of them.
    public Turn by(double positions) {
        double[] cos = new double[inverseFrequencies.length];
        double[] sin = new double[cos.length];
        for (int i = 0; i < cos.length; i++) {
            double angle = (double) inverseFrequencies[i] * positions;
            cos[i] = Math.cos(angle);
            sin[i] = Math.sin(angle);
        }
        return new Turn(layout, cos, sin);
    }

    /// Cosines and sines by which heads turn, without the attention factor.
    public record Turn(Layout layout, double[] cos, double[] sin) {
        /// Turns a head.
        public void turn(float[] head) {
            for (int i = 0; i < cos.length; i++) {
                int a = layout == Layout.HALF_SPLIT ? i : 2 * i;
                int b = layout == Layout.HALF_SPLIT ? i + cos.length : 2 * i + 1;
                double x = head[a];
                head[a] = (float) (x * cos[i] - head[b] * sin[i]);
                head[b] = (float) (x * sin[i] + head[b] * cos[i]);
            }
        }
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

    /// The number of axes of the positions that pairs turn by.
    int numAxes() {
        return numAxes;
    }

    /// The number of rotated pairs; the first `2 · numPairs` values of each head are rotated, the rest is unchanged.
    public int numPairs() {
        return inverseFrequencies.length;
    }

    /// Size of the row of a position, in bytes: first all cosines, then all sines, F32.
    public long rowBytes() {
        return 2L * numPairs() * Float.BYTES;
    }

    /// The cosines, then the sines of all pairs at a position.
    public float[] row(int position) {
        int[] positions = new int[numAxes];
        Arrays.fill(positions, position);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(rowBytes(), Float.BYTES);
            fill(positions, 0, row.address());
            return row.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /// Computes the row of a token.
    ///
    /// @param positions holds its positions on all axes, from `first` on
    /// @param row its address, not checked
    void fill(int[] positions, int first, long row) {
        long sines = row + rowBytes() / 2;
        for (int i = 0; i < numPairs(); i++) {
            // The product is rounded to float first, as in the reference implementation.
            double angle = (float) positions[first + (axes.length == 0 ? 0 : axes[i])] * inverseFrequencies[i];
            Memory.f32(row + 4L * i, (float) Math.cos(angle) * attentionFactor);
            Memory.f32(sines + 4L * i, (float) Math.sin(angle) * attentionFactor);
        }
    }
}
