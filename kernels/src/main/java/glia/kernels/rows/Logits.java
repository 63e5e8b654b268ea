package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Lanes;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.MathCode.ExpCode;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/// Reductions of one row of logits, by `LogitCode`, on the calling thread. Each call checks that the row belongs to an
/// F32 tensor.
public final class Logits {
    /// Maximal number of values in a call, which takes a few µs.
    private static final int MAX_PER_CALL = 32_768;

    private final IsaLevel level;

    public Logits(IsaLevel level) {
        this.level = level;
    }

    /// Returns the index of the largest value, the lowest index for equal values; NaN counts as smallest.
    public int argmax(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            long found = LogitCode.CODES.of(level).first(x + 4L * i, Math.min(MAX_PER_CALL, size - i), largest);
            if (found >= 0) {
                return i + (int) found;
            }
        }
        return 0;
    }

    /// Returns `ln Σ exp(row)`, computed without overflow.
    public float logSumExp(Tensor logits, int row) {
        long x = address(logits, row);
        int size = logits.cols();
        float largest = largest(x, size);
        if (Float.isInfinite(largest)) {
            return hasNaN(x, size) ? Float.NaN : largest;
        }
        double sum = 0;
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            sum += LogitCode.CODES.of(level).sumOfExponentials(x + 4L * i, Math.min(MAX_PER_CALL, size - i), largest);
        }
        return (float) (largest + Math.log(sum));
    }

    private static long address(Tensor logits, int row) {
        if (logits.dtype() != DType.F32 || row < 0 || row >= logits.rows()) {
            throw new IllegalArgumentException("row " + row + " of logits " + logits);
        }
        return logits.address() + 4L * row * logits.cols();
    }

    private float largest(long x, int size) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i += MAX_PER_CALL) {
            int count = Math.min(MAX_PER_CALL, size - i);
            largest = Math.max(largest, LogitCode.CODES.of(level).largest(x + 4L * i, count));
        }
        return largest;
    }

    private static boolean hasNaN(long x, int size) {
        for (int i = 0; i < size; i++) {
            if (Float.isNaN(Memory.f32(x + 4L * i))) {
                return true;
            }
        }
        return false;
    }

    /// Emits reductions of a range of values to one.
    static final class LogitCode {
        private static final int ORDERED_EQUAL = 0;
        private static final int SUMS = 4;
        private static final int VALUE = 8;

        static final PerIsaLevel<LogitCode> CODES = new PerIsaLevel<>(LogitCode::new);

        private final IsaLevel level;
        private final Constants constants;
        private final Function largest;
        private final Function first;
        private final Function sum;
        private final Vec value;
        private final Vec temporary;
        private final Vec other;
        private final Vec least;
        private final Vec wanted;

        private LogitCode(IsaLevel level) {
            this.level = level;
            value = level.v(VALUE);
            temporary = level.v(9);
            other = level.v(10);
            least = level.v(11);
            wanted = level.v(12);
            Arena arena = Arena.ofAuto();
            constants = new Constants(arena, R11, level);
            CodePages pages = CodePages.seal(arena, List.of(emitLargest(), emitFirst(), emitSum()));
            largest = pages.function(0);
            first = pages.function(1);
            sum = pages.function(2);
        }

        /// The largest of `count` values; -∞ if all are NaN.
        float largest(long x, long count) {
            return Float.intBitsToFloat((int) largest.call(x, 0, 0, count, 0, 0));
        }

        /// The index of the first value that equals `number`, or -1.
        long first(long x, long count, float number) {
            long found = first.call(x, 0, Float.floatToRawIntBits(number), count, 0, 0);
            return found == 0 ? -1 : (found >>> 16) + Long.numberOfTrailingZeros(found);
        }

        /// Computes `Σ e^(x - shift)`, accumulated in F64, for values of at most `shift`; see `ExpCode` for the error.
        float sumOfExponentials(long x, long count, float shift) {
            return Float.intBitsToFloat((int) sum.call(x, 0, Float.floatToRawIntBits(shift), count, 0, 0));
        }

        private byte[] emitLargest() {
            var emitter = new Emitter(level);
            constants.load(emitter);
            constants.fill(emitter, least, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < SUMS; i++) {
                emitter.op(VMOVUPS, emitter.v(i), least);
            }
            MaskedLoop.emit(emitter, level.lanes, SUMS, R10, (a, at, copy, mask) -> {
                loadOrFill(a, at, mask);
                // If the value is NaN, the last operand is the result.
                a.op(VMAXPS, a.v(copy), value, a.v(copy));
            });
            Lanes.merge(emitter, VMAXPS, 0, SUMS);
            Lanes.reduce(emitter, VMAXPS, 0, 1, 4);
            emitter.op(VMOVD_TO, RAX, xmm(0));
            return emitter.end();
        }

        /// Loads the next values; lanes beyond the end are set to those of `least`.
        private void loadOrFill(Emitter a, int at, Mask mask) {
            a.load(value, at(RDI, RAX, 1, at), mask);
            if (mask != Mask.K0) {
                a.op(VMOVUPS, temporary, least);
                a.blend(temporary, mask, value);
                a.op(VMOVUPS, value, temporary);
            }
        }

        /// Emits a function that returns 0, or the index of the vector in which the value was found, shifted left by
        /// 16, with a bit for each equal lane.
        private byte[] emitFirst() {
            var emitter = new Emitter(level);
            Label found = new Label();
            constants.load(emitter);
            constants.fill(emitter, least, Float.NaN);
            emitter.broadcast(wanted, RDX);
            MaskedLoop.emit(emitter, level.lanes, 1, R10, (a, at, copy, mask) -> {
                loadOrFill(a, at, mask);
                a.compare(Mask.K2, value, wanted, ORDERED_EQUAL);
                a.bits(RSI, Mask.K2);
                a.test(RSI, RSI);
                a.jump(Condition.NOT_EQUAL, found);
            });
            emitter.xor(RAX, RAX);
            emitter.xor(RSI, RSI);
            emitter.bind(found);
            // RAX holds the bytes done, 4 a value.
            emitter.shl(RAX, 14);
            emitter.add(RAX, RSI);
            return emitter.end();
        }

        private byte[] emitSum() {
            var emitter = new Emitter(level);
            constants.load(emitter);
            constants.fill(emitter, least, Float.NEGATIVE_INFINITY);
            emitter.broadcast(wanted, RDX);
            for (int i = 0; i < SUMS; i++) {
                emitter.zero(emitter.v(i));
            }
            MaskedLoop.emit(emitter, level.lanes, SUMS / 2, R10, (a, at, copy, mask) -> {
                // Lanes that are not read add e^-∞.
                loadOrFill(a, at, mask);
                a.op(VSUBPS, value, value, wanted);
                ExpCode.emitBounded(a, constants, value, temporary, other);
                a.op(VCVTPS2PD, temporary, a.half(VALUE));
                a.op(VADDPD, a.v(2 * copy), a.v(2 * copy), temporary);
                a.upperHalf(a.half(VALUE), value);
                a.op(VCVTPS2PD, temporary, a.half(VALUE));
                a.op(VADDPD, a.v(2 * copy + 1), a.v(2 * copy + 1), temporary);
            });
            Lanes.merge(emitter, VADDPD, 0, SUMS);
            Lanes.reduce(emitter, VADDPD, 0, 1, 8);
            emitter.op(VCVTPD2PS, xmm(0), xmm(0));
            emitter.op(VMOVD_TO, RAX, xmm(0));
            return emitter.end();
        }
    }
}
