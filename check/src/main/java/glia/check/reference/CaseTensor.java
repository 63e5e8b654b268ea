package glia.check.reference;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// The values of a stored tensor.
///
/// @param dtype the type it was stored in
/// @param shape the dimensions, outermost first
/// @param values in row-major order
public record CaseTensor(DType dtype, long[] shape, double[] values) {
    /// Copies a tensor of F64, F32, I64, I32, U8 or BOOL.
    ///
    /// @throws IllegalArgumentException if it has another type
    public static CaseTensor of(Tensor t) {
        double[] values = new double[Math.toIntExact(t.size())];
        long at = t.address();
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (t.dtype()) {
                case F64 -> Memory.ALL.get(Memory.F64, at + 8L * i);
                case F32 -> Memory.f32(at + 4L * i);
                case I64 -> Memory.ALL.get(Memory.I64, at + 8L * i);
                case I32 -> Memory.i32(at + 4L * i);
                case U8, BOOL -> Memory.u8(at + i);
                default -> throw new IllegalArgumentException(t + ": expected F64, F32, I64, I32, U8 or BOOL");
            };
        }
        return new CaseTensor(t.dtype(), t.shape(), values);
    }

    /// The size of a dimension; negative axes count from the end.
    public int dim(int axis) {
        return Math.toIntExact(shape[axis < 0 ? shape.length + axis : axis]);
    }

    /// The values as integers.
    public int[] ints() {
        return Arrays.stream(values).mapToInt(x -> (int) x).toArray();
    }

    /// The values in F32.
    public float[] floats() {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /// The values as one column.
    public CaseTensor column() {
        return new CaseTensor(dtype, new long[] {values.length}, values);
    }

    /// The values of this vector, then those of another.
    public CaseTensor with(CaseTensor other) {
        double[] both = Arrays.copyOf(values, values.length + other.values.length);
        System.arraycopy(other.values, 0, both, values.length, other.values.length);
        return new CaseTensor(dtype, new long[] {both.length}, both);
    }

    /// An F32 matrix with the rows of the last dimension; a vector becomes one column.
    public Tensor matrix(Arena arena) {
        int cols = shape.length < 2 ? 1 : dim(-1);
        return Tensor.of(arena, floats(), cols == 0 ? 0 : values.length / cols, cols);
    }
}
