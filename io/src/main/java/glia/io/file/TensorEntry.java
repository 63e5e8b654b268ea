package glia.io.file;

import glia.io.CheckpointException;
import glia.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// A tensor as described in a file's header.
///
/// @param begin the offset of the first byte from the start of the data
/// @param end the offset after the last byte
public record TensorEntry(String name, DType dtype, long[] shape, long begin, long end)
        implements Comparable<TensorEntry> {
    /// Orders by offset.
    @Override
    public int compareTo(TensorEntry other) {
        return begin != other.begin ? Long.compare(begin, other.begin) : Long.compare(end, other.end);
    }

    /// The size of a tensor of this type and shape.
    ///
    /// @throws CheckpointException if the shape is negative, too large, or its rows do not fill whole blocks
    public static long sizeBytes(Path file, String name, DType dtype, long[] shape) throws CheckpointException {
        long rows = 1;
        long cols = shape.length == 0 ? 1 : shape[shape.length - 1];
        try {
            for (int i = 0; i < shape.length; i++) {
                if (shape[i] < 0) {
                    throw new CheckpointException(file, where(name), "found the negative dimension " + shape[i]
                            + " in shape " + Arrays.toString(shape));
                }
                rows = i < shape.length - 1 ? Math.multiplyExact(rows, shape[i]) : rows;
            }
            Math.multiplyExact(rows, cols);
            long rowBytes = dtype.bytes(cols);
            if (cols <= Integer.MAX_VALUE) {
                return Math.multiplyExact(rows, rowBytes);
            }
        } catch (ArithmeticException e) {
            throw new CheckpointException(file, where(name),
                    "shape " + Arrays.toString(shape) + " has more elements than can be counted", e);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, where(name), "found rows of " + cols + " numbers, expected a multiple "
                    + "of " + dtype.blockElements() + ", the block size of " + dtype, e);
        }
        throw new CheckpointException(file, where(name), "found rows of " + cols + " numbers, expected at most "
                + Integer.MAX_VALUE);
    }

    /// Checks that the tensors follow each other with no bytes but the padding to `alignment` between them.
    ///
    /// @return the offset after the last tensor
    /// @throws CheckpointException if two overlap or there is a gap
    public static long checkPlaces(Path file, List<TensorEntry> entries, long alignment) throws CheckpointException {
        List<TensorEntry> sorted = new ArrayList<>(entries);
        Collections.sort(sorted);
        long end = 0;
        String before = "";
        for (TensorEntry entry : sorted) {
            long expected = align(end, alignment);
            if (entry.begin() != expected) {
                String follows = before.isEmpty() ? ", the start of the data" : ", where " + before + " ends";
                    throw new CheckpointException(file, where(entry.name()), "found at byte " + entry.begin()
                        + " of the data, expected at byte " + expected + follows
                        + (entry.begin() < expected ? "; the two overlap" : "; the bytes between belong to no tensor"));
            }
            end = entry.end();
            before = entry.name();
        }
        return end;
    }

    /// The next multiple of `alignment` at or after `position`; the sum of both must not overflow.
    public static long align(long position, long alignment) {
        return (position + alignment - 1) / alignment * alignment;
    }

    /// The name of a tensor in messages.
    public static String where(String name) {
        return "tensor " + name;
    }
}
