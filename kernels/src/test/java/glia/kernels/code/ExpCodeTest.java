package glia.kernels.code;

import static glia.kernels.asm.Op.VMOVUPS;
import static glia.kernels.asm.Operand.Mem.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.asm.Operand.Gpr;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.MathCode.ExpCode;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExpCodeTest extends IsaLevelTest {
    private static final int LANES = 16;
    /// The step between tested floats: all exponents, about 16 floats of each 100,000.
    private static final int STEP = 6_151;

    /// The code as a function that replaces a vector of values at an address.
    private Function function(Arena arena, boolean bounded) {
        var a = new Emitter(level);
        var constants = new Constants(arena, Gpr.R11, level);
        constants.load(a);
        a.op(VMOVUPS, a.v(0), at(Gpr.RDI));
        if (bounded) {
            ExpCode.emitBounded(a, constants, a.v(0), a.v(9), a.v(15));
        } else {
            ExpCode.emit(a, constants, a.v(0), a.v(9), a.v(15));
        }
        a.op(VMOVUPS, at(Gpr.RDI), a.v(0));
        return CodePages.seal(arena, List.of(a.end())).function(0);
    }

    /// The distance from the true value in units in the last place of the rounded one.
    private static double error(float x, float found) {
        double expected = Math.exp(x);
        float rounded = (float) expected;
        return rounded == found || Float.isNaN(rounded) && Float.isNaN(found) ? 0
                : Math.abs(found - expected) / Math.ulp(Math.min(rounded, Float.MAX_VALUE));
    }

    private void check(boolean bounded, long firstBits, long lastBits) {
        try (Arena arena = Arena.ofConfined()) {
            Function exp = function(arena, bounded);
            MemorySegment numbers = arena.allocate(4 * LANES);
            for (long bits = firstBits; bits <= lastBits; bits += (long) LANES * STEP) {
                float[] x = new float[LANES];
                for (int i = 0; i < LANES; i++) {
                    x[i] = Float.intBitsToFloat((int) Math.min(lastBits, bits + (long) i * STEP));
                    numbers.set(Memory.F32, 4 * i, x[i]);
                }
                for (int i = 0; i < LANES; i += level.lanes) {
                    exp.call(numbers.address() + 4L * i, 0, 0, 0, 0, 0);
                }
                for (int i = 0; i < LANES; i++) {
                    float found = numbers.get(Memory.F32, 4 * i);
                    float number = x[i];
                    assertTrue(error(number, found) <= 0.92,
                            () -> "e^" + number + " is " + Math.exp(number) + ", " + found + " found");
                }
            }
        }
    }

    @Test
    void liesWithinItsBoundForNumbersOfAllMagnitudes() {
        check(false, 0, Float.floatToIntBits(Float.POSITIVE_INFINITY));
        check(false, 1L << 31, (1L << 31) + Float.floatToIntBits(Float.POSITIVE_INFINITY));
        check(true, 0, Float.floatToIntBits(100));
        check(true, 1L << 31, (1L << 31) + Float.floatToIntBits(Float.POSITIVE_INFINITY));
    }

    @Test
    void oddNumbers() {
        float inf = Float.POSITIVE_INFINITY;
        float[] numbers = {0, -0.0f, inf, -inf, Float.NaN, Float.MAX_VALUE, -Float.MAX_VALUE, 88.8f, -104, 150, -150,
            Float.MIN_VALUE};
        float[] expected = {1, 1, inf, 0, Float.NaN, inf, 0, inf, 0, inf, 0, 1};
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4 * LANES);
            MemorySegment.copy(numbers, 0, memory, Memory.F32, 0, numbers.length);
            for (int i = 0; i < LANES; i += level.lanes) {
                function(arena, false).call(memory.address() + 4L * i, 0, 0, 0, 0, 0);
            }
            for (int i = 0; i < numbers.length; i++) {
                assertEquals(expected[i], memory.get(Memory.F32, 4 * i), "e^" + numbers[i]);
            }
        }
    }
}
