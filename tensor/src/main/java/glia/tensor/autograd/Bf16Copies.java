package glia.tensor.autograd;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Ranges;

/// F32 matrices whose values are BF16 values: the upper 16 bits of an F32. All loops run on all threads.
final class Bf16Copies {
    /// Values in a unit of work.
    private static final int UNIT = 2048;

    /// A loop over the values `from` (inclusive) to `to` (exclusive).
    private interface Loop {
        void run(long from, long to);
    }

    private Bf16Copies() { }

    private static void each(Workers workers, long size, Loop loop) {
        Ranges.run(workers, Math.toIntExact(Math.ceilDiv(size, (long) UNIT)), UNIT, (from, to) ->
                loop.run((long) from * UNIT, Math.min(size, (long) to * UNIT)));
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
