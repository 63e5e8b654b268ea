package glia.model.write;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Optional;

/// Casts tensors to another type, row by row. A value that the type would round to infinity is an error. The result
/// does not depend on the number of threads.
///
/// @param workers the threads; empty for the caller's alone
/// @param importance weights of the squared error by column
record TypeCast(Optional<Workers> workers, ImportanceMatrix importance) {
    /// A cast on one thread with unweighted errors.
    static final TypeCast PLAIN = new TypeCast(Optional.empty(), ImportanceMatrix.NONE);

    /// F16 rounds to infinity from here on: halfway between its largest value, 65504, and the next step.
    private static final float F16_END = 65_520;
    private static final float Q8_LARGEST = 127;
    /// Vectors and narrow matrices are cast this many values at a time: a multiple of every block.
    private static final int CHUNK = 4096;

    /// The tensor itself if it has the type, else a copy in `arena`.
    ///
    /// @param name the tensor's name, for the importance and for messages
    /// @param expert the expert whose matrix it is, or -1 for a whole tensor, which holds those of all
    ///     experts one after the other
    /// @throws IllegalArgumentException if the type cannot hold a value
    Tensor of(String name, int expert, Tensor numbers, DType type, Arena arena) {
        if (numbers.dtype() == type) {
            return numbers;
        }
        if (type == DType.F32) {
            return Decode.widen(numbers, arena);
        }
        if (type == DType.I64) {
            Tensor integers = Tensor.allocate(arena, type, numbers.shape());
            for (long i = 0; i < numbers.size(); i++) {
                Memory.i64(integers.address() + 8 * i, Math.round(numbers.get(i)));
            }
            return integers;
        }
        if (numbers.cols() % type.blockElements() != 0) {
            throw new IllegalArgumentException("tensor " + name + ": has rows of " + numbers.cols()
                    + " numbers that do not fill " + type + "'s blocks of " + type.blockElements());
        }
        Tensor narrow = Tensor.allocate(arena, type, numbers.shape());
        int numExperts = expert >= 0 || numbers.rank() < 3 ? 1 : Math.toIntExact(numbers.shape()[0]);
        long rowsPerExpert = numbers.size() / numbers.cols() / numExperts;
        if (rowsPerExpert == 0) {
            return narrow;
        }
        Optional<float[][]> weights = weights(name, expert, numExperts, numbers.cols());
        int length = weights.isPresent() || numbers.cols() % CHUNK == 0 ? numbers.cols()
                : chunk(numbers.size(), numbers.cols());
        long numParts = numbers.size() / length;
        Row row = (part, values) -> {
            long first = part * length;
            Decode.toFloats(numbers, first, values, 0, length);
            requireBelow(name, first, values, type, length);
            Optional<float[]> own = weights.flatMap(all -> Optional.ofNullable(all[(int) (part / rowsPerExpert)]));
            Encode.fromFloats(type, values, 0, length, own, narrow.address() + type.bytes(first));
        };
        try {
            run(row, numParts, length);
        } catch (IllegalArgumentException e) {
            throw e.getMessage().startsWith("tensor ") ? e
                    : new IllegalArgumentException("tensor " + name + ": " + e.getMessage(), e);
        }
        return narrow;
    }

    /// Casts one row.
    @FunctionalInterface
    private interface Row {
        void cast(long row, float[] values);
    }

    /// Several whole rows for rows that are short, as many as fit a chunk.
    private static int chunk(long size, int cols) {
        long rows = size / cols;
        int most = Math.max(1, CHUNK / cols);
        while (rows % most != 0) {
            most--;
        }
        return most * cols;
    }

    private void run(Row row, long numRows, int length) {
        if (workers.isEmpty()) {
            float[] values = new float[length];
            for (long i = 0; i < numRows; i++) {
                row.cast(i, values);
            }
            return;
        }
        int chunks = (int) Math.min(numRows, 64L * workers.get().count());
        workers.get().run((chunk, worker) -> {
            float[] values = new float[length];
            for (long i = numRows * chunk / chunks; i < numRows * (chunk + 1) / chunks; i++) {
                row.cast(i, values);
            }
        }, chunks);
    }

    /// The weights of each expert, null for none; empty if there are none at all.
    private Optional<float[][]> weights(String name, int expert, int numExperts, int cols) {
        if (importance.size() == 0) {
            return Optional.empty();
        }
        float[][] all = new float[numExperts][];
        boolean isAny = false;
        for (int i = 0; i < numExperts; i++) {
            all[i] = importance.of(name, expert >= 0 ? expert : i, cols).orElse(null);
            isAny |= all[i] != null;
        }
        return isAny ? Optional.of(all) : Optional.empty();
    }

    /// The smallest value that is too large for a type; most block formats have F16 scales or offsets.
    private static float end(DType type) {
        return switch (type) {
            case F16, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> F16_END;
            case Q8_0, IQ4_NL, IQ4_XS, IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS, IQ2_XXS -> Q8_LARGEST * F16_END;
            default -> Float.MAX_VALUE;
        };
    }

    private static void requireBelow(String name, long first, float[] values, DType type, int count) {
        float end = end(type);
        for (int i = 0; i < count && end < Float.MAX_VALUE; i++) {
            if (Math.abs(values[i]) >= end && Float.isFinite(values[i])) {
                throw new IllegalArgumentException("tensor " + name + " holds " + values[i] + " (number " + (first + i)
                        + "), which is beyond " + type + (type == DType.F16 ? ", whose largest is 65504" : "")
                        + "; take bf16 or f32");
            }
        }
    }
}
