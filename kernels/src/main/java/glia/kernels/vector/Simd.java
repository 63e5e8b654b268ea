package glia.kernels.vector;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of this processor, and code shared by all kernels of this package.
///
/// **No method of this package takes or returns a vector.** C2 stops inlining methods into a loop after some 18,000
/// nodes of its graph, and a vector operation takes about 450; from then on it inlines only methods of the Vector API
/// itself. A vector that crosses a call that is not inlined is boxed on the heap, which makes the loop a hundred times
/// slower. So loops call the API directly, and shared data passes through memory.
final class Simd {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;

    /// F32 lanes of a vector: 16, 8 or 4.
    static final int LANES = F.length();

    /// Vector width in bytes.
    static final int BYTES = F.vectorByteSize();

    /// Columns of a panel: two vectors.
    static final int PANEL = 2 * LANES;

    /// Size of a row of a panel, in bytes.
    static final int PANEL_BYTES = 2 * BYTES;

    /// A mask that clears the two highest bits, which no address has set. The compiler can then assume that an address
    /// is not negative and that a small offset does not overflow it, and removes the bounds checks.
    static final long ADDRESS = Long.MAX_VALUE >>> 1;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

    private Simd() { }

    /// The sum of the lanes of one vector in memory, by halves. (`reduceLanes` adds in one order before it is compiled
    /// and in another after, so that results would depend on time.)
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
