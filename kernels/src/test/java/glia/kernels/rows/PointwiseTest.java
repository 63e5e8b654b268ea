package glia.kernels.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.emitted.RowTest;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// Sums, products and ReLU have the bits of the scalar backend; the smooth activations are close to their definitions.
class PointwiseTest extends RowTest {
    @Test
    void sumsProductsAndReluHaveTheScalarBits() {
        Pointwise pointwise = new Pointwise(workers, level);
        for (int style = 0; style < 2; style++) {
            for (int size : SIZES) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor a = tensor(arena, 3, size);
                    Tensor b = tensor(arena, 3, size);
                    Tensor row = tensor(arena, 1, size);
                    Tensor found = tensor(arena, 3, size);
                    Tensor expected = copy(arena, found);
                    scalar.add(expected, a, b, 0.3f);
                    pointwise.add(found, a, b, 0.3f);
                    assertSame(expected, found);
                    scalar.scale(expected, a, -1.7f);
                    pointwise.scale(found, a, -1.7f);
                    assertSame(expected, found);
                    scalar.addRow(expected, a, row);
                    pointwise.addRow(found, a, row);
                    assertSame(expected, found);
                    for (Activation f : new Activation[] {Activation.RELU, Activation.RELU_SQUARED}) {
                        scalar.activate(expected, a, f);
                        pointwise.activate(found, a, f);
                        assertSame(expected, found);
                        scalar.gated(expected, a, b, f);
                        pointwise.gated(found, a, b, f);
                        assertSame(expected, found);
                    }
                }
            }
            number = this::wild;
        }
    }

    @Test
    void smoothActivationsAreClose() {
        Pointwise pointwise = new Pointwise(workers, level);
        for (float scale : new float[] {1, 10, 1e-3f}) {
            number = () -> scale * (float) random.nextGaussian();
            for (int size : SIZES) {
                for (Activation f : new Activation[] {Activation.SILU, Activation.GELU, Activation.GELU_TANH}) {
                    try (Arena arena = Arena.ofConfined()) {
                        Tensor a = tensor(arena, 1, size);
                        Tensor b = tensor(arena, 1, size);
                        Tensor found = tensor(arena, 1, size);
                        pointwise.activate(found, a, f);
                        Tensor gated = tensor(arena, 1, size);
                        pointwise.gated(gated, a, b, f);
                        for (int i = 0; i < size; i++) {
                            double x = a.get(i);
                            double value = f.value(x);
                            double most = f == Activation.GELU ? 3e-7 * Math.abs(x)
                                    : 6e-7 * Math.max(Math.abs(value), Math.min(Math.abs(x), 0.1));
                            assertEquals(value, found.get(i), most, () -> f + " of " + x);
                            assertEquals(found.get(i) * b.get(i), gated.get(i), () -> f + " of " + x);
                        }
                    }
                }
            }
        }
    }
}
