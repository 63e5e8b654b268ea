package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.IsaLevelTest;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;

/// The base of tests of emitted row-wise code: the scalar backend to compare with, and tensors next to inaccessible
/// pages, so that out-of-bounds accesses end the JVM.
public abstract class RowTest extends IsaLevelTest {
    public static final int[] SIZES = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 200};

    public final Workers workers = new Workers(1);
    public final ScalarKernels scalar = new ScalarKernels(workers);
    public final Random random = new Random(1);
    /// The source of new tensors' values.
    public Supplier<Float> number = () -> (float) random.nextGaussian();

    @AfterEach
    protected void close() {
        workers.close();
    }

    protected final Tensor tensor(Arena arena, int rows, int cols) {
        long bytes = 4L * rows * cols;
        Tensor t = Tensor.of(DType.F32, random.nextBoolean() ? Guarded.atEnd(arena, bytes)
                : Guarded.atStart(arena, bytes), rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, number.get());
        }
        return t;
    }

    /// Values of all magnitudes, and sometimes NaN or infinity.
    protected final float wild() {
        int kind = random.nextInt(40);
        float sign = random.nextBoolean() ? 1 : -1;
        return kind == 0 ? sign * 0 : kind == 1 ? sign * Float.POSITIVE_INFINITY : kind == 2 ? Float.NaN
                : (float) (sign * Math.pow(10, 38 * (2 * random.nextDouble() - 1)));
    }

    protected static Tensor copy(Arena arena, Tensor t) {
        Tensor copy = Tensor.allocate(arena, t.dtype(), t.shape());
        copy.copyFrom(t);
        return copy;
    }

    protected static void assertSame(Tensor expected, Tensor found) {
        Fixtures.assertSameBits(expected.toArray(), found.toArray());
    }

    protected static void assertNextTo(Tensor expected, Tensor found) {
        for (int i = 0; i < expected.size(); i++) {
            float e = expected.get(i);
            float f = found.get(i);
            assertTrue(Float.compare(e, f) == 0 || Math.abs((double) e - f) <= Math.ulp(e),
                    "number " + i + ": " + e + " expected, " + f + " found");
        }
    }
}
