package glia.io.file;

import glia.io.CheckpointException;
import glia.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// A tensor as a header describes it.
///
/// @param begin the first byte, counted from the start of the data
/// @param end the byte after the last
public record TensorEntry(String name, DType dtype, long[] shape, long begin, long end)
        implements Comparable<TensorEntry> {
    /// By place.
    @Override
    public int compareTo(TensorEntry other) {
        return begin != other.begin ? Long.compare(begin, other.begin) : Long.compare(end, other.end);
    }

    /// Bytes that a tensor of this type and shape takes.
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
                    + "of " + dtype.blockElements() + ", since " + dtype + " comes in such blocks", e);
        }
        throw new CheckpointException(file, where(name), "found rows of " + cols + " numbers, expected at most "
                + Integer.MAX_VALUE);
    }

    /// Checks that the tensors lie one after another with nothing but the padding of `alignment` between them.
    ///
    /// @return the byte after the last tensor, counted from the start of the data
    /// @throws CheckpointException if two overlap or bytes between two belong to none
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

    /// The next multiple of `alignment` from `position` on; both must be far from the largest long.
    public static long align(long position, long alignment) {
        return (position + alignment - 1) / alignment * alignment;
    }

    /// How messages name a tensor.
    public static String where(String name) {
        return "tensor " + name;
    }
}
