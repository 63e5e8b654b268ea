package glia.model.layout;

import glia.model.quant.PackedTensor;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// The source of a parameter in a checkpoint: an expression over stored tensors. It works in both directions, so that
/// gradients and saved models have the checkpoint's names and shapes.
public sealed interface Source {
    /// Tile size of transpositions.
    int SQUARE = 32;
    ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

    /// A stored tensor, under the first of these names that exists.
    record Stored(List<String> names) implements Source {
        public Stored(String... names) {
            this(List.of(names));
        }
    }

    /// A matrix stored `[inputs, outputs]`.
    ///
    /// @param outputs the number of outputs, by which files that store it `[outputs, inputs]` are recognized; 0 if no
    ///     file does
    record Transposed(Source of, int outputs) implements Source {
        public Transposed(Source of) {
            this(of, 0);
        }
    }

    /// Rows (of a vector: elements) `from` to `from + count` of a fused tensor.
    ///
    /// @param total the rows of the fused tensor
    record Rows(Source of, int from, int count, int total) implements Source { }

    /// Matrix (or vector) `index` of a stack of `count`.
    record Slice(Source of, int index, int count) implements Source { }

    /// Rows (of a vector: elements) `from` to `from + count` of each group of `total` rows.
    record Every(Source of, int from, int count, int total) implements Source { }

    /// A reshaped tensor.
    ///
    /// @param written the stored shape, in files to be written
    record Shaped(Source of, List<Long> shape, List<Long> written) implements Source { }

    /// The second source if its tensor exists, else the first.
    record Either(Source first, Source second) implements Source { }

    /// A copy with other tensor names.
    ///
    /// @param rename the candidate names for a name, in order
    default Source renamed(Function<String, List<String>> rename) {
        return switch (this) {
            case Stored s -> new Stored(s.names.stream().flatMap(name -> rename.apply(name).stream()).toList());
            case Transposed t -> new Transposed(t.of.renamed(rename), t.outputs);
            case Rows r -> new Rows(r.of.renamed(rename), r.from, r.count, r.total);
            case Slice s -> new Slice(s.of.renamed(rename), s.index, s.count);
            case Every e -> new Every(e.of.renamed(rename), e.from, e.count, e.total);
            case Shaped s -> new Shaped(s.of.renamed(rename), s.shape, s.written);
            case Either e -> new Either(e.first.renamed(rename), e.second.renamed(rename));
        };
    }

    /// A copy in which the choices are resolved for a checkpoint with these tensors.
    default Source in(Set<String> names) {
        return switch (this) {
            case Stored s -> this;
            case Transposed t -> new Transposed(t.of.in(names), t.outputs);
            case Rows r -> new Rows(r.of.in(names), r.from, r.count, r.total);
            case Slice s -> new Slice(s.of.in(names), s.index, s.count);
            case Every e -> new Every(e.of.in(names), e.from, e.count, e.total);
            case Shaped s -> new Shaped(s.of.in(names), s.shape, s.written);
            case Either e -> {
                Source other = e.second.in(names);
                yield other.stored().names().stream().anyMatch(names::contains) ? other : e.first.in(names);
            }
        };
    }

    /// A copy that does not transpose matrices that are stored as they are.
    default Source fitting(long[] stored) {
        return switch (this) {
            case Transposed t when t.outputs > 0 && stored.length > 1
                    && stored[stored.length - 2] == t.outputs -> t.of;
            case Rows r -> new Rows(r.of.fitting(stored), r.from, r.count, r.total);
            default -> this;
        };
    }

    /// The innermost stored tensor.
    default Stored stored() {
        return switch (this) {
            case Stored s -> s;
            case Transposed t -> t.of.stored();
            case Rows r -> r.of.stored();
            case Slice s -> s.of.stored();
            case Every e -> e.of.stored();
            case Shaped s -> s.of.stored();
            case Either e -> e.first.stored();
        };
    }

    /// Whether the parameter is a view of the stored tensor, so that nothing is copied.
    default boolean isView() {
        return switch (this) {
            case Stored s -> true;
            case Transposed t -> false;
            case Rows r -> r.of.isView();
            case Slice s -> s.of.isView();
            case Every e -> false;
            case Shaped s -> s.of.isView();
            case Either e -> throw unresolved();
        };
    }

    /// The shape of the parameter, given that of the stored tensor.
    ///
    /// @throws IllegalArgumentException if the stored shape does not fit the expression
    default long[] shape(long[] stored) {
        return switch (this) {
            case Stored s -> stored;
            case Transposed t -> {
                long[] shape = t.of.shape(stored);
                require(shape.length == 2, "only matrices are transposed, not " + Arrays.toString(shape));
                yield new long[] {shape[1], shape[0]};
            }
            case Rows r -> {
                long[] shape = r.of.shape(stored);
                long rows = shape.length == 1 ? shape[0] : rows(shape);
                require(rows == r.total, "it has " + rows + " rows for parameters of " + r.total);
                yield shape.length == 1 ? new long[] {r.count} : new long[] {r.count, shape[shape.length - 1]};
            }
            case Slice s -> {
                long[] shape = s.of.shape(stored);
                require(shape.length > 1 && shape[0] == s.count,
                        "it has shape " + Arrays.toString(shape) + " for a stack of " + s.count);
                yield Arrays.copyOfRange(shape, 1, shape.length);
            }
            case Every e -> {
                long[] shape = e.of.shape(stored);
                require(shape[0] % e.total == 0, shape[0] + " rows are no groups of " + e.total);
                yield withFirst(shape, shape[0] / e.total * e.count);
            }
            case Shaped s -> {
                long[] from = s.of.shape(stored);
                long[] shape = s.shape.stream().mapToLong(Long::longValue).toArray();
                require(size(from) == size(shape), "it has shape " + Arrays.toString(from)
                        + ", expected the numbers of " + s.shape);
                yield shape;
            }
            case Either e -> throw unresolved();
        };
    }

    /// The shape of the stored tensor, given that of the parameter: the inverse of `shape`. Of choices it takes the
    /// first.
    default long[] storedShape(long[] parameter) {
        return switch (this) {
            case Stored s -> parameter;
            case Transposed t -> t.of.storedShape(new long[] {parameter[1], parameter[0]});
            case Rows r -> r.of.storedShape(withFirst(parameter, r.total));
            case Slice s -> {
                long[] stack = new long[parameter.length + 1];
                System.arraycopy(parameter, 0, stack, 1, parameter.length);
                yield s.of.storedShape(withFirst(stack, s.count));
            }
            case Every e -> e.of.storedShape(withFirst(parameter, parameter[0] / e.count * e.total));
            case Shaped s -> s.of.storedShape(s.written.stream().mapToLong(Long::longValue).toArray());
            case Either e -> e.first.storedShape(parameter);
        };
    }

    private static long[] withFirst(long[] shape, long first) {
        long[] other = shape.clone();
        other[0] = first;
        return other;
    }

    /// Reads the parameter: a view of the stored tensor if possible, else a copy in `arena`.
    ///
    /// @param made copies made so far, which parameters of one fused tensor share
    /// @throws IllegalArgumentException if the stored shape does not fit the expression
    default Tensor read(Tensor stored, Arena arena, Map<Source, Tensor> made) {
        shape(stored.shape());
        return switch (this) {
            case Stored s -> stored;
            case Transposed t -> {
                Tensor copy = made.get(this);
                if (copy == null) {
                    copy = transpose(t.of.read(stored, arena, made), arena);
                    made.put(this, copy);
                }
                yield copy;
            }
            case Rows r -> {
                Tensor whole = r.of.read(stored, arena, made);
                yield whole.rank() == 1
                        ? slice(whole, r.from, r.count)
                        : whole.rows(r.from, r.from + r.count);
            }
            case Slice s -> {
                Tensor whole = s.of.read(stored, arena, made);
                long bytes = whole.sizeBytes() / s.count;
                yield whole.view(s.index * bytes, whole.dtype(), shape(stored.shape()));
            }
            case Every e -> {
                try (Arena scratch = Arena.ofConfined()) {
                    yield every(e.of.read(stored, scratch, new HashMap<>()), e, arena);
                }
            }
            case Shaped s -> s.of.read(stored, arena, made).reshape(shape(stored.shape()));
            case Either e -> throw unresolved();
        };
    }

    /// Reads the parameter from a quantized tensor; always a view.
    ///
    /// @throws IllegalArgumentException if the stored shape does not fit the expression, or a view cannot express it
    default PackedTensor read(PackedTensor stored) {
        shape(stored.shape());
        return switch (this) {
            case Stored s -> stored;
            case Transposed t -> t.of.read(stored).transposed();
            case Rows r -> r.of.read(stored).rows(r.from, r.count, 1);
            case Slice s -> s.of.read(stored).at(s.index);
            case Every e -> {
                require(e.count == 1, "interleaved blocks of quantized rows cannot be a view");
                PackedTensor whole = e.of.read(stored);
                yield whole.rows(e.from, Math.toIntExact(whole.shape()[0] / e.total), e.total);
            }
            case Shaped s -> throw new IllegalArgumentException("packed numbers keep their shape");
            case Either e -> throw unresolved();
        };
    }

    /// Writes an F32 value of the parameter's shape to its place in `target`, an F32 tensor of the stored shape.
    default void write(Tensor value, Tensor target) {
        if (isView()) {
            read(target, Arena.global(), new HashMap<>()).copyFrom(value);
            return;
        }
        Source base = base();
        Tensor part = base.read(target, Arena.global(), new HashMap<>());
        try (Arena scratch = Arena.ofConfined()) {
            // The place is found by reading indices through the same expression.
            Tensor index = Tensor.allocate(scratch, DType.F64, part.shape());
            for (long i = 0; i < index.size(); i++) {
                index.memory().setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i, i);
            }
            Tensor places = on(base).read(index, scratch, new HashMap<>());
            for (long i = 0; i < places.size(); i++) {
                part.set((long) places.memory().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i), value.get(i));
            }
        }
    }

    /// The largest part of the expression that is a view.
    private Source base() {
        return switch (this) {
            case Source s when s.isView() -> s;
            case Transposed t -> t.of.base();
            case Rows r -> r.of.base();
            case Slice s -> s.of.base();
            case Every e -> e.of.base();
            case Shaped s -> s.of.base();
            case Stored s -> s;
            case Either e -> throw unresolved();
        };
    }

    /// The expression over a stored tensor that is what `base` reads.
    private Source on(Source base) {
        return switch (this) {
            case Source s when s.equals(base) -> stored();
            case Transposed t -> new Transposed(t.of.on(base), t.outputs);
            case Rows r -> new Rows(r.of.on(base), r.from, r.count, r.total);
            case Slice s -> new Slice(s.of.on(base), s.index, s.count);
            case Every e -> new Every(e.of.on(base), e.from, e.count, e.total);
            case Shaped s -> new Shaped(s.of.on(base), s.shape, s.written);
            case Stored s -> s;
            case Either e -> throw unresolved();
        };
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }

    private static IllegalStateException unresolved() {
        return new IllegalStateException("a choice of places is read before it is made");
    }

    private static long size(long[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    private static long rows(long[] shape) {
        return Arrays.stream(shape, 0, shape.length - 1).reduce(1, (a, b) -> a * b);
    }

    private static Tensor every(Tensor whole, Every e, Arena arena) {
        long rows = whole.shape()[0];
        long bytes = rows == 0 ? 0 : whole.sizeBytes() / rows;
        Tensor some = Tensor.allocate(arena, whole.dtype(), withFirst(whole.shape(), rows / e.total * e.count));
        for (long i = 0; i < rows / e.total; i++) {
            MemorySegment.copy(whole.memory(), (e.from + i * e.total) * bytes, some.memory(), i * e.count * bytes,
                    e.count * bytes);
        }
        return some;
    }

    private static Tensor slice(Tensor vector, int from, int count) {
        long each = vector.dtype().blockBytes();
        return vector.view(from * each, vector.dtype(), count);
    }

    private static Tensor transpose(Tensor x, Arena arena) {
        if (x.rank() != 2 || x.dtype().isBlock()) {
            throw new IllegalArgumentException("only plain matrices are transposed, not " + x);
        }
        Tensor y = Tensor.allocate(arena, x.dtype(), x.cols(), x.rows());
        int bytes = x.dtype().blockBytes();
        // In square tiles, so that the cache lines that are read and written stay in L1.
        for (int i = 0; i < x.rows(); i += SQUARE) {
            for (int j = 0; j < x.cols(); j += SQUARE) {
                transpose(x, y, i, j, bytes);
            }
        }
        return y;
    }

    private static void transpose(Tensor x, Tensor y, int row, int col, int bytes) {
        for (int i = row; i < Math.min(row + SQUARE, x.rows()); i++) {
            long from = (long) i * x.cols();
            for (int j = col; j < Math.min(col + SQUARE, x.cols()); j++) {
                long to = (long) j * x.rows() + i;
                switch (bytes) {
                    case 2 -> y.memory().setAtIndex(I16, to, x.memory().getAtIndex(I16, from + j));
                    case 4 -> y.memory().setAtIndex(I32, to, x.memory().getAtIndex(I32, from + j));
                    default -> MemorySegment.copy(x.memory(), (from + j) * bytes, y.memory(), to * bytes, bytes);
                }
            }
        }
    }
}
