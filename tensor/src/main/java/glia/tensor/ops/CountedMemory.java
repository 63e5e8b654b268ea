package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Memory for computations whose results do not matter, only how much memory they take: all tensors share the same
/// bytes, which are those of an empty file. Only pages that are written to take memory. Freed by the garbage collector.
public final class CountedMemory {
    private static final long LEAST_BYTES = 1 << 20;

    private MemorySegment shared = map(LEAST_BYTES);

    public CountedMemory() { }

    /// A tensor over the shared bytes.
    ///
    /// @throws UncheckedIOException if there can be no temporary file
    public Tensor tensor(DType type, long... shape) {
        long elements = 1;
        for (long n : shape) {
            elements = Math.multiplyExact(elements, n);
        }
        long bytes = type.bytes(elements);
        if (bytes > shared.byteSize()) {
            shared = map(Math.max(bytes, 2 * shared.byteSize()));
        }
        return Tensor.of(type, shared.asSlice(0, bytes), shape);
    }

    private static MemorySegment map(long bytes) {
        try {
            Path file = Files.createTempFile("glia-counted", ".bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE)) {
                return channel.map(FileChannel.MapMode.PRIVATE, 0, bytes, Arena.ofAuto());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
