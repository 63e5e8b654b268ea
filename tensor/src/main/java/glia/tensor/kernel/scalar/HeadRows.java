package glia.tensor.kernel.scalar;

import glia.tensor.Memory;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Reads a head's values at one position of the KV cache as F32: in place, or decoded to the worker's own memory.
final class HeadRows {
    private final Scratch numbers;
    private final MemorySegment[] decoded;

    HeadRows(Workers workers) {
        numbers = new Scratch(workers);
        decoded = new MemorySegment[workers.count()];
        Arrays.fill(decoded, MemorySegment.NULL);
    }

    /// Returns the address of `count` F32 values, valid until the worker's next call.
    ///
    /// @param row the address of the position's row
    /// @param first the head's first column
    long of(KeyValueType type, long row, int first, int count, int worker) {
        if (type == KeyValueType.F32) {
            return row + 4L * first;
        }
        int start = type.blockStart(first);
        int cols = type.wholeBlocks(first + count) - start;
        float[] array = numbers.of(worker, cols);
        type.load(row, start, cols, array);
        if (decoded[worker].byteSize() < 4L * cols) {
            decoded[worker] = Arena.ofAuto().allocate(4L * cols, 64);
        }
        Memory.store(array, 0, decoded[worker].address(), cols);
        return decoded[worker].address() + 4L * (first - start);
    }
}
