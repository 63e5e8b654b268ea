package glia.tensor.kernel.vector;

import glia.tensor.Memory;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The width of this processor's vectors and the few operations that every kernel shares. All methods are so small
/// that C2 always inlines them: a vector that crosses a call that is not inlined is an object on the heap.
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

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /// Clears the two highest bits, which no address has set. It tells the compiler that an address is not negative
    /// and that a small offset does not overflow it, so that no bounds check is left for the segment of all memory.
    static final long ADDRESS = Long.MAX_VALUE >>> 1;

    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /// Adding it rounds a float below 2^22 to the nearest integer, whose bits are then the sum's lowest.
    private static final float ROUNDER = 12582912f;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    private Simd() { }

    static long address(long address) {
        return address & ADDRESS;
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, Memory.ALL, address & ADDRESS, ORDER);
    }

    static IntVector loadInts(long address) {
        return IntVector.fromMemorySegment(I, Memory.ALL, address & ADDRESS, ORDER);
    }

    static void store(long address, FloatVector v) {
        v.intoMemorySegment(Memory.ALL, address & ADDRESS, ORDER);
    }

    /// The number at an address, in every lane.
    static FloatVector broadcast(long address) {
        return FloatVector.broadcast(F, Memory.ALL.get(Memory.F32, address & ADDRESS));
    }

    static FloatVector zero() {
        return FloatVector.zero(F);
    }

    static FloatVector toFloats(IntVector v) {
        return (FloatVector) v.convert(VectorOperators.I2F, 0);
    }

    /// The sum of all lanes, by halves. `reduceLanes` would add in one order before it is compiled and in another
    /// after.
    static float sum(FloatVector v) {
        FloatVector s = LANES < 16 ? v : v.add(v.rearrange(BY_8));
        s = LANES < 8 ? s : s.add(s.rearrange(BY_4));
        s = s.add(s.rearrange(BY_2));
        return s.add(s.rearrange(BY_1)).lane(0);
    }

    /// Lane i takes lane i + `distance`, around the end.
    private static VectorShuffle<Float> rotation(int distance) {
        return VectorShuffle.fromOp(F, i -> (i + distance) % LANES);
    }

    /// The half-precision numbers in the low 16 bits of each lane (the others are 0): infinities and NaN included.
    static FloatVector halves(IntVector h) {
        IntVector magnitude = h.and(0x7fff);
        VectorMask<Integer> special = magnitude.compare(VectorOperators.GE, 0x7c00);
        FloatVector small = magnitude.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
        IntVector bits = small.reinterpretAsInts().lanewise(VectorOperators.OR, 0x7f800000, special);
        return bits.or(h.and(0x8000).lanewise(VectorOperators.LSHL, 16)).reinterpretAsFloats();
    }

    /// `e^x` within 2e-7 of its value: `2^n · e^r` with `|r| <= ln 2 / 2`, e^r by a polynomial of degree 6. Below -87.3
    /// the result is 0, above 88.3 that of 88.3; NaN stays NaN.
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, -87.3f);
        FloatVector z = x.min(88.3f).max(-87.3f);
        FloatVector shifted = z.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), z);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
        p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
        p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
        p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
        p = p.fma(r.mul(r), r.add(1f));
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats().blend(0f, tiny);
    }
}
