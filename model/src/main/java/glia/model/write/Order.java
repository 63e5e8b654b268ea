package glia.model.write;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;

/// Another order of the rows or columns of a matrix, with a factor for each: `y[i] = factors[i] · x[source[i]]`. All
/// tensors are F32; a vector has rows of one element.
///
/// @param source the source of each row; empty if the order is the same
/// @param factors the factor of each row; empty if all are 1
public record Order(int[] source, float[] factors) {
    /// No change.
    public static final Order SAME = new Order(new int[0], new float[0]);

    /// What is reordered.
    public enum Axis { ROWS, COLUMNS }

    /// Whether nothing changes.
    public boolean isSame() {
        return source.length == 0 && factors.length == 0;
    }

    private interface Rule {
        float apply(float x, float factor);
    }

    /// Returns y for x.
    public Tensor apply(Tensor x, Axis axis, Arena arena) {
        return moved(x, axis, arena, true, (value, factor) -> value * factor);
    }

    /// Returns x for y.
    public Tensor invert(Tensor y, Axis axis, Arena arena) {
        return moved(y, axis, arena, false, (value, factor) -> value / factor);
    }

    /// Returns the gradient of x for that of y.
    public Tensor gradient(Tensor dy, Axis axis, Arena arena) {
        return moved(dy, axis, arena, false, (value, factor) -> value * factor);
    }

    private Tensor moved(Tensor from, Axis axis, Arena arena, boolean isForward, Rule rule) {
        if (isSame()) {
            return from;
        }
        Tensor to = Tensor.allocate(arena, DType.F32, from.shape());
        int cols = from.rank() == 1 ? 1 : from.cols();
        int rows = Math.toIntExact(from.size() / cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                int at = axis == Axis.ROWS ? r : c;
                int other = source.length == 0 ? at : source[at];
                long y = (long) r * cols + c;
                long x = axis == Axis.ROWS ? (long) other * cols + c : (long) r * cols + other;
                float factor = factors.length == 0 ? 1 : factors[at];
                to.set(isForward ? y : x, rule.apply(from.get(isForward ? x : y), factor));
            }
        }
        return to;
    }
}
