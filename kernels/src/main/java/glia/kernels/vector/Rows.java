package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Shared code of the products of quantized rows with one vector of activations (`Rows32`, `Rows256`, `RowsPlain`).
///
/// All take the address of the rows, bytes from row to row, the number of rows, the activations, sums of these if
/// needed, the number of blocks (or values) in a row, and the address for each row's vector of partial sums.
final class Rows {
    /// Whether this processor's vectors are wide enough: as many packed bytes are loaded as a vector has lanes, and the
    /// narrowest load has 8.
    static final boolean AVAILABLE = LANES >= 8;

    /// As many bytes as a vector has lanes.
    static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(AVAILABLE ? 8 * LANES : 64));

    /// As many 16-bit values as a vector has lanes.
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));

    /// Lane i holds i.
    static final IntVector INDEX = IntVector.zero(Simd.I).addIndex(1);

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    private Rows() { }

    /// Lane i takes lane i + `distance`, cyclically.
    private static VectorShuffle<Float> rotation(int distance) {
        return VectorShuffle.fromOp(F, i -> (i + distance) % LANES);
    }

    /// Reduces `count` vectors of partial sums, by halves as in `Simd.sum`, and multiplies them by a factor.
    static void reduce(long partial, int count, float factor, long to) {
        for (int i = 0; i < count; i++) {
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, partial + (long) i * BYTES & ADDRESS, ORDER);
            s = LANES < 16 ? s : s.add(s.rearrange(BY_8));
            s = LANES < 8 ? s : s.add(s.rearrange(BY_4));
            s = s.add(s.rearrange(BY_2));
            s = s.add(s.rearrange(BY_1));
            ALL.set(Memory.F32, to + 4L * i & ADDRESS, factor * s.lane(0));
        }
    }
}
