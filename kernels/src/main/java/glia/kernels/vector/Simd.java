package glia.kernels.vector;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// The width of this processor's vectors and what else all kernels share.
///
/// **No method of this package takes or returns a vector.** C2 stops inlining methods into a loop after some 18,000
/// nodes of its graph, and an operation on vectors takes about 450; only methods of the Vector API itself are inlined
/// still. A vector that crosses a call that is not inlined is an object on the heap, and the loop a hundred times
/// slower. So loops call the API directly, and what they share goes through memory.
final class Simd {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    /// Numbers in a vector: 16, 8 or 4.
    static final int LANES = F.length();

    /// Bytes of a vector.
    static final int BYTES = F.vectorByteSize();

    /// Columns of a panel: two vectors.
    static final int PANEL = 2 * LANES;

    /// Bytes of one row of a panel.
    static final int PANEL_BYTES = 2 * BYTES;

    /// Clears the two highest bits, which no address has set. It tells the compiler that an address is not negative
    /// and that a small offset does not overflow it, so that no bounds check is left for the segment of all memory.
    static final long ADDRESS = Long.MAX_VALUE >>> 1;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

    private Simd() { }

    /// The sum of the numbers of one vector in memory, by halves. (`reduceLanes` adds in one order before it is
    /// compiled and in another after, which would make results depend on time.)
    static float sum(long vector) {
        for (int half = LANES / 2; half > 1; half /= 2) {
            for (int i = 0; i < half; i++) {
                long at = vector + 4L * i;
                Memory.f32(at, Memory.f32(at) + Memory.f32(at + 4L * half));
            }
        }
        return Memory.f32(vector) + Memory.f32(vector + 4);
    }
}
