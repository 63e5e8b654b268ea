package glia.tensor.kernel.scalar;

import glia.tensor.Memory;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// A head's numbers at one position of the KV cache as F32: where they lie, or decoded in memory of the worker's own.
final class HeadRows {
    private final Scratch numbers;
    private final MemorySegment[] decoded;

    HeadRows(Workers workers) {
        numbers = new Scratch(workers);
        decoded = new MemorySegment[workers.count()];
        Arrays.fill(decoded, MemorySegment.NULL);
    }

    /// The address of `count` F32 numbers, valid until the worker's next call.
    ///
    /// @param row where the position's row begins
    /// @param first the head's first number in the row
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
