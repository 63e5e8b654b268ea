package glia.tensor.autograd;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Ranges;
import java.util.concurrent.atomic.AtomicInteger;

/// F32 matrices whose values are BF16 values: the upper 16 bits of an F32. All loops run on all threads.
final class Bf16Copies {
    /// Values in a unit of work.
    private static final int UNIT = 2048;
    private static final int LOWER = 0xffff;

    /// A loop over the values `from` (inclusive) to `to` (exclusive).
    private interface Loop {
        void run(long from, long to);
    }

    private Bf16Copies() { }

    private static void each(Workers workers, long size, Loop loop) {
        Ranges.run(workers, Math.toIntExact(Math.ceilDiv(size, (long) UNIT)), UNIT, (from, to) ->
                loop.run((long) from * UNIT, Math.min(size, (long) to * UNIT)));
    }

    /// Whether all values are BF16 values.
    static boolean fits(Workers workers, Tensor x) {
        long base = Memory.address(x.address());
        if (lower(base, 0, Math.min(x.size(), UNIT)) != 0) {
            return false;
        }
        AtomicInteger lower = new AtomicInteger();
        each(workers, x.size(), (from, to) -> {
            for (long i = from; i < to && lower.get() == 0; i += UNIT) {
                int bits = lower(base, i, Math.min(to, i + UNIT));
                if (bits != 0) {
                    lower.set(bits);
                }
            }
        });
        return lower.get() == 0;
    }

    /// The lower bits that are set in any value.
    private static int lower(long base, long from, long to) {
        int bits = 0;
        for (long i = from; i < to; i++) {
            bits |= Memory.i32(base + 4 * i);
        }
        return bits & LOWER;
    }

    /// Stores values that fit as BF16 at an address.
    static void pack(Workers workers, Tensor x, long address) {
        long base = Memory.address(x.address());
        long target = Memory.address(address);
        each(workers, x.size(), (from, to) -> {
            for (long i = from; i < to; i++) {
                Memory.i16(target + 2 * i, Memory.i32(base + 4 * i) >>> 16);
            }
        });
    }

    /// Loads BF16 values from an address.
    static void unpack(Workers workers, long address, Tensor x) {
        long base = Memory.address(x.address());
        long source = Memory.address(address);
        each(workers, x.size(), (from, to) -> {
            for (long i = from; i < to; i++) {
                Memory.i32(base + 4 * i, Memory.ALL.get(Memory.I16, source + 2 * i) << 16);
            }
        });
        x.changed();
    }
}
