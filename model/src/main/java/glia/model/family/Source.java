package glia.model.family;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Where a parameter lies in a checkpoint, as an expression over stored tensors. It is read one way and written the
/// other, so that gradients and saved models carry the checkpoint's own names and shapes.
public sealed interface Source {
    /// A tensor as it is, under the first of these names that the checkpoint has.
    record Stored(List<String> names) implements Source {
        public Stored(String... names) {
            this(List.of(names));
        }
    }

    /// A matrix stored `[inputs, outputs]`.
    record Transposed(Source of) implements Source { }

    /// Rows `from` to `from + count` (of a vector: numbers) of a tensor in which several parameters are fused.
    ///
    /// @param total the rows of all of them
    record Rows(Source of, int from, int count, int total) implements Source { }

    /// The stored tensor at the bottom.
    default Stored stored() {
        return switch (this) {
            case Stored s -> s;
            case Transposed t -> t.of.stored();
            case Rows r -> r.of.stored();
        };
    }

    /// The parameter, from the stored tensor: a view where the memory allows it, else a copy that lives in `arena`.
    ///
    /// @param made copies made so far, so that parameters fused in one stored tensor share one
    /// @throws IllegalArgumentException if the stored shape does not fit the expression
    default Tensor read(Tensor stored, Arena arena, Map<Source, Tensor> made) {
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
                long rows = whole.rank() == 1 ? whole.size() : whole.rows();
                if (rows != r.total) {
                    throw new IllegalArgumentException("it has " + rows + " rows for parameters of " + r.total);
                }
                yield whole.rank() == 1
                        ? slice(whole, r.from, r.count)
                        : whole.rows(r.from, r.from + r.count);
            }
        };
    }

    /// Writes an F32 value of the parameter's shape to its place in `target`, an F32 tensor of the stored shape.
    default void write(Tensor value, Tensor target) {
        try (Arena scratch = Arena.ofConfined()) {
            // The place is found by reading indices through the same expression.
            Tensor index = Tensor.allocate(scratch, DType.F64, target.shape());
            for (long i = 0; i < index.size(); i++) {
                index.memory().setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i, i);
            }
            Tensor places = read(index, scratch, new HashMap<>());
            for (long i = 0; i < places.size(); i++) {
                target.set((long) places.memory().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i),
                        value.get(i));
            }
        }
    }

    private static Tensor slice(Tensor vector, int from, int count) {
        long each = vector.dtype().blockBytes();
        return Tensor.of(vector.dtype(), vector.memory().asSlice(from * each, count * each), count);
    }

    private static Tensor transpose(Tensor x, Arena arena) {
        if (x.rank() != 2 || x.dtype().isBlock()) {
            throw new IllegalArgumentException("only plain matrices are transposed, not " + x);
        }
        int bytes = x.dtype().blockBytes();
        Tensor y = Tensor.allocate(arena, x.dtype(), x.cols(), x.rows());
        MemorySegment from = x.memory();
        MemorySegment to = y.memory();
        for (long i = 0; i < x.rows(); i++) {
            for (long j = 0; j < x.cols(); j++) {
                MemorySegment.copy(from, (i * x.cols() + j) * bytes, to, (j * x.rows() + i) * bytes, bytes);
            }
        }
        return y;
    }
}
