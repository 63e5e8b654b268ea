package glia.kernels.emitted;

import glia.kernels.amx.Int16Product;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import java.lang.foreign.Arena;
import java.util.Locale;
import java.util.Optional;

/// Compares a backend with another at startup: one small case of each group of kernels, with awkward sizes and values.
/// It detects processors, virtual machines and emulators that do not do what they report; correctness in general is the
/// subject of tests.
final class SelfTest {
    /// Kernels that share code.
    enum Group {
        QUANTIZED_PRODUCTS, PROMPT_PRODUCTS, PRODUCTS, BF16_PRODUCTS, ATTENTION, NORMS, ROTATION, POINTWISE,
        ROUNDING, ROWS, LOGITS
    }

    private static final int TOKENS = 3;
    private static final int WIDTH = 22;
    /// Blocks in a row of quantized weights.
    private static final int BLOCKS = 32;
    /// Relative to the largest value of a row: the effect of other orders of addition and other formulas of the
    /// exponential.
    private static final float TOLERANCE = 1e-5f;
    /// The same if both factors may have been rounded to 16 bits (`Int16Product`).
    private static final float INT16_TOLERANCE = 2e-4f;

    private final Arena arena;
    private final Kernels tested;
    private final Tensor x;
    private final Tensor row;

    private SelfTest(Arena arena, Kernels tested) {
        this.arena = arena;
        this.tested = tested;
        x = numbers(TOKENS, WIDTH);
        row = x.rows(1, 2);
    }

    /// Returns the first group in which the two backends differ, in words.
    ///
    /// @param tested the backend to test
    /// @param definition the reference backend
    static Optional<String> failure(Kernels tested, Kernels definition) {
        try (Arena arena = Arena.ofConfined()) {
            var test = new SelfTest(arena, tested);
            for (Group group : Group.values()) {
                float tolerance = group == Group.PROMPT_PRODUCTS ? INT16_TOLERANCE : TOLERANCE;
                if (!equal(test.result(group, definition), test.result(group, tested), tolerance)) {
                    return Optional.of(group.name().toLowerCase(Locale.ROOT).replace('_', ' '));
                }
            }
            return Optional.empty();
        }
    }

    /// Compares rows relative to their own largest values.
    private static boolean equal(Tensor expected, Tensor found, float tolerance) {
        for (int row = 0; row < expected.rows(); row++) {
            float largest = 0;
            for (int i = row * expected.cols(); i < (row + 1) * expected.cols(); i++) {
                largest = Math.max(largest, Math.abs(expected.get(i)));
            }
            for (int i = row * expected.cols(); i < (row + 1) * expected.cols(); i++) {
                // NaN is never close.
                if (!(Math.abs(expected.get(i) - found.get(i)) <= tolerance * largest)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Values of both signs, all different, some tiny, some zero, and one outlier.
    private Tensor numbers(int rows, int cols) {
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (int i = 0; i < t.size(); i++) {
            int kind = i % 19;
            t.set(i, kind == 3 ? 0 : kind == 7 ? 1e-20f : kind == 11 && i < 19 ? -40 : i * 37 % 64 / 16f - 2);
        }
        return t;
    }

    private Tensor result(Group group, Kernels kernels) {
        Tensor y = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
        switch (group) {
            case QUANTIZED_PRODUCTS -> quantizedProduct(y.rows(0, 1), numbers(1, BLOCKS), DType.Q8_0, kernels);
            case PROMPT_PRODUCTS -> prompt(y, kernels);
            case PRODUCTS -> {
                Tensor square = numbers(WIDTH, WIDTH);
                kernels.linear(y, x, square);
                kernels.linear(y.rows(0, 1), x.rows(1, 2), square);
            }
            case BF16_PRODUCTS -> {
                if (tested.multipliesBf16()) {
                    kernels.linearBf16(y, x, numbers(WIDTH, WIDTH));
                }
            }
            case ATTENTION -> {
                AttentionShape shape = new AttentionShape(2, 2, WIDTH / 2, WIDTH / 2, 0.125f, new Span.Causal());
                KeyValues[] keyValues = {KeyValues.of(x, x)};
                kernels.attention(y, null, x, keyValues, new Runs().add(TOKENS, 0), shape);
                kernels.attention(y.rows(0, 1), null, x.rows(1, 2), keyValues, new Runs().add(1, TOKENS - 1), shape);
            }
            case NORMS -> kernels.rmsNorm(y, x, row, 1e-5f, 1);
            case ROTATION -> {
                y.copyFrom(x);
                RopeTable table = new RopeTable(new float[] {1, 0.5f, 0.1f, 1e-3f, 2}, 1,
                        RopeTable.Layout.HALF_SPLIT);
                kernels.rotate(y, WIDTH / 2, table, new Runs().add(TOKENS, 3).positions(), 1);
            }
            case POINTWISE -> {
                kernels.gated(y, x, x, Activation.SILU);
                kernels.add(y, y, x, 0.5f);
            }
            case ROUNDING -> kernels.quantizeActivations(y, x);
            case ROWS -> gather(y, kernels);
            case LOGITS -> {
                for (int r = 0; r < TOKENS; r++) {
                    y.set(2 * r, kernels.argmax(x, r));
                    y.set(2 * r + 1, kernels.logSumExp(x, r));
                }
            }
        }
        return y;
    }

    /// One token is multiplied by 8-bit weights, whose products are the largest; a prompt by 4-bit ones, which have
    /// other code (`WinogradDots`).
    private void quantizedProduct(Tensor y, Tensor in, DType type, Kernels kernels) {
        Tensor w = Tensor.allocate(arena, type, WIDTH, BLOCKS);
        for (int i = 0; i < w.sizeBytes(); i++) {
            Memory.i8(w.address() + i, i * 59);
        }
        for (int row = 0; row < WIDTH; row++) {
            Memory.f16(w.address() + row * w.rowBytes(), 0.25f + row % 3);
        }
        kernels.linearQuantized(y, in, w, Tensor.allocate(arena, DType.F32, in.shape()));
    }

    /// Some tokens of a prompt. The reference, which is not compiled yet, computes no others.
    private void prompt(Tensor y, Kernels kernels) {
        Tensor in = wholeNumbers();
        int[] tokens = {0, Int16Product.MIN_TOKENS / 2 + 1, Int16Product.MIN_TOKENS - 1};
        if (kernels == tested) {
            Tensor all = Tensor.allocate(arena, DType.F32, Int16Product.MIN_TOKENS, WIDTH);
            quantizedProduct(all, in, DType.Q4_0, kernels);
            for (int i = 0; i < TOKENS; i++) {
                y.rows(i, i + 1).copyFrom(all.rows(tokens[i], tokens[i] + 1));
            }
        } else {
            for (int i = 0; i < TOKENS; i++) {
                quantizedProduct(y.rows(i, i + 1), in.rows(tokens[i], tokens[i] + 1), DType.Q4_0, kernels);
            }
        }
    }

    /// Values that int8 quantization does not change, so that backends with 16-bit rounding agree.
    private Tensor wholeNumbers() {
        Tensor t = Tensor.allocate(arena, DType.F32, Int16Product.MIN_TOKENS, BLOCKS);
        for (int i = 0; i < t.size(); i++) {
            t.set(i, i % BLOCKS == 0 ? Precision.STEPS : i * 37 % (2 * Precision.STEPS) - Precision.STEPS);
        }
        return t;
    }

    private void gather(Tensor y, Kernels kernels) {
        Tensor halves = Tensor.allocate(arena, DType.F16, TOKENS, WIDTH);
        for (int i = 0; i < halves.size(); i++) {
            Memory.f16(halves.address() + 2L * i, 1 - i * 41 % 128 / 64f);
        }
        kernels.gather(y, halves, new int[] {2, 0, 2}, TOKENS);
    }
}
