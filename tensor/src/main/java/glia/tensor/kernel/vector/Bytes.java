package glia.tensor.kernel.vector;

import glia.tensor.Memory;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Loads of as many bytes or 16-bit words as a vector has lanes, widened to 32 bits. The narrowest vectors have 64
/// bits, so these loads exist only where vectors have at least 8 lanes.
final class Bytes {
    /// Whether this processor's vectors are wide enough.
    static final boolean AVAILABLE = Simd.LANES >= 8;

    /// Lane i holds i.
    static final IntVector INDEX = IntVector.zero(Simd.I).addIndex(1);

    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(AVAILABLE ? 8 * Simd.LANES : 64));
    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(16 * Simd.LANES));
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private Bytes() { }

    static IntVector signed(long address) {
        return (IntVector) ByteVector.fromMemorySegment(B, Memory.ALL, Simd.address(address), ORDER)
                .convertShape(VectorOperators.B2I, Simd.I, 0);
    }

    static IntVector unsigned(long address) {
        return (IntVector) ByteVector.fromMemorySegment(B, Memory.ALL, Simd.address(address), ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, Simd.I, 0);
    }

    /// Eight unsigned bytes as numbers, in 256 bits.
    static FloatVector eightFloats(long address) {
        long at = Simd.address(address);
        return (FloatVector) ByteVector.fromMemorySegment(ByteVector.SPECIES_64, Memory.ALL, at, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_256, 0)
                .convert(VectorOperators.I2F, 0);
    }

    static FloatVector loadEight(long address) {
        return FloatVector.fromMemorySegment(FloatVector.SPECIES_256, Memory.ALL, Simd.address(address), ORDER);
    }

    static void storeEight(long address, FloatVector v) {
        v.intoMemorySegment(Memory.ALL, Simd.address(address), ORDER);
    }

    /// 16-bit words, unsigned.
    static IntVector words(long address) {
        return (IntVector) ShortVector.fromMemorySegment(S, Memory.ALL, Simd.address(address), ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, Simd.I, 0);
    }
}
