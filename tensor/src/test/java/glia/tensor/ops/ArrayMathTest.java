package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/// Functions of arrays compared with those of `Math`, over their whole range.
class ArrayMathTest {
    private interface Function {
        void apply(ArrayMath math, float[] x, float[] y, int count);
    }

    private static void check(double from, double to, Function function, DoubleUnaryOperator exact) {
        int count = 1001;
        float[] x = new float[count];
        float[] y = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) (from + (to - from) * i / (count - 1));
        }
        function.apply(new ArrayMath(count), x, y, count);
        for (int i = 0; i < count; i++) {
            double expected = exact.applyAsDouble(x[i]);
            assertEquals(expected, y[i], 2.5e-7 * Math.abs(expected), "at " + x[i]);
        }
    }

    @Test
    void exponentials() {
        check(-87, 88, ArrayMath::exp, Math::exp);
        check(-1, 1, ArrayMath::exp, Math::exp);
        float[] extremes = {-1e30f, Float.NEGATIVE_INFINITY, Float.NaN, 0, -0f};
        new ArrayMath(5).exp(extremes, extremes, 5);
        assertEquals(0, extremes[0], 2e-38);
        assertEquals(0, extremes[1], 2e-38);
        assertTrue(Float.isNaN(extremes[2]));
        assertEquals(1, extremes[3]);
        assertEquals(1, extremes[4]);
    }

    @Test
    void softplus() {
        check(-80, 80, ArrayMath::softplus, x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
        check(-3, 3, ArrayMath::softplus, x -> Math.log1p(Math.exp(x)));
    }
}
