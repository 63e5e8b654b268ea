package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// What a kernel test works with: random tensors at odd addresses, outputs that begin as NaN, and guards around each
/// tensor that show a kernel that writes outside of it.
final class Lab implements AutoCloseable {
    /// Sizes at which loops over lanes and blocks go wrong.
    static final int[] SIZES = {0, 1, 3, 15, 16, 17, 31, 207, 1023, 4096};
    private static final int GUARD_BYTES = 64;
    private static final byte GUARD = 0x5a;

    final Arena arena = Arena.ofShared();
    final Random random;
    private final List<MemorySegment> guarded = new ArrayList<>();

    Lab(long seed) {
        random = new Random(seed);
    }

    /// An F32 tensor full of NaN, at an address that is no multiple of 4.
    Tensor output(long... shape) {
        long size = 1;
        for (long n : shape) {
            size *= n;
        }
        MemorySegment whole = arena.allocate(4 * size + 2 * GUARD_BYTES + 8, 64);
        whole.fill(GUARD);
        MemorySegment memory = whole.asSlice(GUARD_BYTES + 1 + random.nextInt(7), 4 * size);
        for (long i = 0; i < size; i++) {
            memory.set(Memory.F32, 4 * i, Float.NaN);
        }
        guarded.add(whole);
        guarded.add(memory);
        return Tensor.of(DType.F32, memory, shape);
    }

    /// A tensor of normally distributed numbers.
    Tensor normal(long... shape) {
        Tensor t = output(shape);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextGaussian());
        }
        return t;
    }

    /// A tensor of numbers of all magnitudes from 1e-`digits` to 1e`digits`, and some zeros of both signs.
    Tensor wild(int digits, long... shape) {
        Tensor t = output(shape);
        for (long i = 0; i < t.size(); i++) {
            double sign = random.nextBoolean() ? 1 : -1;
            boolean zero = random.nextInt(10) == 0;
            t.set(i, (float) (sign * (zero ? 0 : Math.pow(10, digits * (2 * random.nextDouble() - 1)))));
        }
        return t;
    }

    /// A tensor with these numbers.
    Tensor of(float... values) {
        Tensor t = output(1, values.length);
        for (int i = 0; i < values.length; i++) {
            t.set(i, values[i]);
        }
        return t;
    }

    Tensor copy(Tensor t) {
        Tensor copy = output(t.shape());
        copy.copyFrom(t);
        return copy;
    }

    /// Fails if any byte around a tensor was written.
    void checkGuards() {
        for (int i = 0; i < guarded.size(); i += 2) {
            MemorySegment whole = guarded.get(i);
            MemorySegment memory = guarded.get(i + 1);
            long start = memory.address() - whole.address();
            for (long b = 0; b < whole.byteSize(); b++) {
                if (b < start || b >= start + memory.byteSize()) {
                    assertEquals(GUARD, whole.get(java.lang.foreign.ValueLayout.JAVA_BYTE, b),
                            "byte " + (b - start) + " of a tensor of " + memory.byteSize() + " bytes was written");
                }
            }
        }
    }

    /// Equal to within `tolerance`, or both NaN, or the same infinity once rounded to F32.
    static void assertClose(double expected, float found, double tolerance, String what) {
        float rounded = (float) expected;
        boolean same = Float.compare(rounded, found) == 0 || rounded == found;
        if (!same && !(Math.abs(expected - found) <= tolerance)) {
            fail(what + ": " + expected + " ± " + tolerance + " expected, " + found + " found");
        }
    }

    @Override
    public void close() {
        checkGuards();
        arena.close();
    }
}
