package glia.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/// An array in off-heap memory: row-major, contiguous, of any rank. A tensor never owns its memory; the arena that
/// allocated or mapped it does. Shapes are immutable. Views share memory.
///
/// The last dimension is the row: a tensor has `rows()` rows of `cols()` values. Block formats place their blocks along
/// the row.
///
/// All views of the memory share a `version`. Data derived from the values, such as packed panels, is rebuilt when the
/// version has grown. `copyFrom` and `zero` increment it. Code that writes single values (`set`) or by address to a
/// tensor that matrix multiplications may have read calls `changed` afterwards.
public final class Tensor implements Matrix {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final DType dtype;
    private final long[] shape;
    private final MemorySegment memory;
    private final long rows;
    private final int cols;
    private final Version version;

    private Tensor(DType dtype, MemorySegment memory, long[] shape, Version version) {
        this.dtype = dtype;
        this.shape = shape;
        this.memory = memory;
        this.version = version;
        this.cols = shape.length == 0 ? 1 : Math.toIntExact(shape[shape.length - 1]);
        long count = 1;
        for (int i = 0; i < shape.length - 1; i++) {
            count = Math.multiplyExact(count, shape[i]);
        }
        this.rows = count;
    }

    /// Creates a tensor over existing memory, which must be native (off-heap) and of exactly the right size.
    ///
    /// @throws IllegalArgumentException if a dimension is negative, rows do not fill blocks or the size differs
    public static Tensor of(DType dtype, MemorySegment memory, long... shape) {
        return of(dtype, memory, new Version(), shape);
    }

    private static Tensor of(DType dtype, MemorySegment memory, Version version, long... shape) {
        for (long n : shape) {
            if (n < 0) {
                throw new IllegalArgumentException("negative dimension in " + Arrays.toString(shape));
            }
        }
        Tensor t = new Tensor(dtype, memory, shape.clone(), version);
        long expected = Math.multiplyExact(t.rows, dtype.bytes(t.cols));
        if (memory.byteSize() != expected) {
            throw new IllegalArgumentException(
                    dtype + Arrays.toString(shape) + " needs " + expected + " bytes, the memory has "
                            + memory.byteSize());
        }
        if (!memory.isNative()) {
            throw new IllegalArgumentException("tensors live in native memory");
        }
        return t;
    }

    /// Allocates a tensor of zeros, aligned to 64 bytes, freed with `arena`.
    public static Tensor allocate(Arena arena, DType dtype, long... shape) {
        long elements = 1;
        for (long n : shape) {
            elements = Math.multiplyExact(elements, n);
        }
        return of(dtype, arena.allocate(dtype.bytes(elements), 64), shape);
    }

    /// Allocates an F32 tensor with these values.
    public static Tensor of(Arena arena, float[] values, long... shape) {
        Tensor t = allocate(arena, DType.F32, shape);
        MemorySegment.copy(values, 0, t.memory, F32, 0, Math.toIntExact(t.size()));
        return t;
    }

    public DType dtype() {
        return dtype;
    }

    /// The dimensions, outermost first (a copy).
    public long[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    /// The size of dimension `axis`; negative axes count from the end.
    public long dim(int axis) {
        return shape[axis < 0 ? shape.length + axis : axis];
    }

    /// The number of rows: the product of all dimensions but the last.
    @Override
    public int rows() {
        return Math.toIntExact(rows);
    }

    /// The length of a row: the last dimension.
    @Override
    public int cols() {
        return cols;
    }

    /// The number of elements.
    public long size() {
        return rows * cols;
    }

    @Override
    public long sizeBytes() {
        return memory.byteSize();
    }

    @Override
    public boolean isQuantized() {
        return dtype.isQuantized();
    }

    /// Bytes from one row to the next.
    public long rowBytes() {
        return dtype.bytes(cols);
    }

    public MemorySegment memory() {
        return memory;
    }

    /// The address of the first byte, for kernels.
    public long address() {
        return memory.address();
    }

    /// Whether the shape is exactly this; for assertions.
    public boolean is(long... expected) {
        return Arrays.equals(shape, expected);
    }

    /// Returns the value at a flat index of an F32 tensor.
    public float get(long index) {
        assert dtype == DType.F32;
        return memory.get(F32, index * 4);
    }

    /// Sets the value at a flat index of an F32 tensor without incrementing the version (see `changed`).
    public void set(long index, float value) {
        assert dtype == DType.F32;
        memory.set(F32, index * 4, value);
    }

    /// A view of rows `from` (inclusive) to `to` (exclusive) as a matrix `[to - from, cols]`.
    public Tensor rows(int from, int to) {
        if (from < 0 || to < from || to > rows) {
            throw new IndexOutOfBoundsException("rows " + from + ".." + to + " of " + this);
        }
        return new Tensor(dtype, memory.asSlice(from * rowBytes(), (to - from) * rowBytes()),
                new long[] {to - from, cols}, version);
    }

    /// A copy of columns `from` (inclusive) to `to` (exclusive) as a matrix `[rows, to - from]` in `arena`.
    ///
    /// @throws IllegalArgumentException if they do not fill whole blocks
    public Tensor columns(Arena arena, int from, int to) {
        Objects.checkFromToIndex(from, to, cols);
        Tensor part = allocate(arena, dtype, rows, to - from);
        long start = dtype.bytes(from);
        for (long r = 0; r < rows; r++) {
            MemorySegment.copy(memory, r * rowBytes() + start, part.memory, r * part.rowBytes(), part.rowBytes());
        }
        return part;
    }

    /// A view of the bytes from `offset` on as a tensor of any type and shape.
    public Tensor view(long offset, DType type, long... newShape) {
        long elements = 1;
        for (long n : newShape) {
            elements = Math.multiplyExact(elements, n);
        }
        return of(type, memory.asSlice(offset, type.bytes(elements)), version, newShape);
    }

    /// A view with another shape. Block formats keep their row length a multiple of the block.
    public Tensor reshape(long... newShape) {
        return of(dtype, memory, version, newShape);
    }

    /// The number of changes made through this tensor or any other view of its memory.
    @Override
    public long version() {
        return version.number();
    }

    /// Increments the version of all views of this memory. To be called after values were written directly.
    public void changed() {
        version.raise();
    }

    /// Sets every byte to zero.
    public void zero() {
        memory.fill((byte) 0);
        version.raise();
    }

    /// Copies the values of a tensor of the same type and size.
    public void copyFrom(Tensor other) {
        if (other.dtype != dtype || other.size() != size()) {
            throw new IllegalArgumentException("cannot copy " + other + " to " + this);
        }
        memory.copyFrom(other.memory);
        version.raise();
    }

    /// Copies the values of an F32 tensor to a Java array.
    public float[] toArray() {
        assert dtype == DType.F32;
        return memory.toArray(F32);
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }

    /// A counter of the changes to a piece of memory, shared by all its views.
    static final class Version {
        private long number;

        long number() {
            return number;
        }

        void raise() {
            number++;
        }
    }
}
