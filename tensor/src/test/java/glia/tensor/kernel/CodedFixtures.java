package glia.tensor.kernel;

import glia.tensor.CodedMatrix;
import glia.tensor.CodedMatrix.Code;
import glia.tensor.CodedMatrix.Grouping;
import glia.tensor.CodedMatrix.Parts;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;

/// Random coded matrices, and what their numbers are by arithmetic of the test's own.
final class CodedFixtures {
    private CodedFixtures() { }

    /// @param zeros the type of the zero points, or empty
    record Layout(Code code, Grouping grouping, DType scales, Optional<DType> zeros, float divisor) { }

    static CodedMatrix random(Arena arena, Layout layout, int rows, int cols, long seed) {
        Random random = new Random(seed);
        Tensor codes = bytes(arena, layout.code.name().startsWith("E4") ? DType.F8_E4M3 : DType.U8, rows,
                layout.code.rowBytes(cols), random, 256);
        int blockRows = layout.grouping instanceof Grouping.Blocks b ? b.rows() : 1;
        int groups = switch (layout.grouping) {
            case Grouping.Blocks b -> Math.ceilDiv(cols, b.cols());
            case Grouping.Columns c -> 5;
        };
        int scaleRows = Math.ceilDiv(rows, blockRows);
        Tensor scales = Fixtures.random(arena, layout.scales, scaleRows, groups, seed);
        Optional<Tensor> zeros = layout.zeros.map(type -> bytes(arena, type, scaleRows, groups, random, 16));
        if (layout.code == Code.E4M3 || layout.code == Code.E5M2) {
            // Numbers of ordinary size, so that sums can be compared.
            for (long i = 0; i < codes.size(); i++) {
                codes.memory().set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt(0x40) | random.nextInt(2) << 7));
            }
        }
        return new CodedMatrix("test", rows, cols, layout.grouping, codes.sizeBytes() + scales.sizeBytes(),
                () -> new Parts(layout.code, codes, scales, zeros, layout.divisor));
    }

    private static Tensor bytes(Arena arena, DType type, int rows, int cols, Random random, int bound) {
        Tensor t = Tensor.of(type, arena.allocate((long) rows * cols + 1, 1).asSlice(1), rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.memory().set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(bound));
        }
        return t;
    }

    /// The matrix as F32.
    static Tensor widen(Arena arena, CodedMatrix w) {
        Parts p = w.parts();
        float[] scales = Decode.widen(p.scales(), arena).toArray();
        Tensor wide = Tensor.allocate(arena, DType.F32, w.rows(), w.cols());
        for (int r = 0; r < w.rows(); r++) {
            int stored = w.storedRow(r);
            for (int k = 0; k < w.cols(); k++) {
                int place = switch (w.grouping()) {
                    case Grouping.Blocks b -> stored / b.rows() * p.scales().cols() + k / b.cols();
                    case Grouping.Columns c -> stored * p.scales().cols() + c.groups()[k];
                };
                float zero = p.zeros().isEmpty() ? 0 : p.zeros().get().dtype() == DType.I8
                        ? p.zeros().get().memory().get(ValueLayout.JAVA_BYTE, place)
                        : p.zeros().get().memory().get(ValueLayout.JAVA_BYTE, place) & 255;
                wide.set((long) r * w.cols() + k, (value(p, stored, k) - zero) * (scales[place] / p.divisor()));
            }
        }
        return wide;
    }

    private static float value(Parts p, int row, int k) {
        boolean half = p.code().bits() == 4;
        int at = row * p.codes().cols() + (half ? k / 2 : k);
        int bits = p.codes().memory().get(ValueLayout.JAVA_BYTE, at) & 255;
        int nibble = k % 2 == 0 ? bits % 16 : bits / 16;
        return switch (p.code()) {
            case U8 -> bits;
            case OFFSET8 -> bits - 128;
            case I8 -> (byte) bits;
            case U4 -> nibble;
            case OFFSET4 -> nibble - 8;
            case E2M1 -> (nibble < 8 ? 1 : -1) * new float[] {0, 0.5f, 1, 1.5f, 2, 3, 4, 6}[nibble % 8];
            case E4M3 -> eightBits(bits, 3, 7);
            case E5M2 -> eightBits(bits, 2, 15);
        };
    }

    private static float eightBits(int bits, int mantissaBits, int bias) {
        int exponent = (bits & 127) >> mantissaBits;
        double fraction = (bits & (1 << mantissaBits) - 1) / (double) (1 << mantissaBits);
        double magnitude = exponent == 0 ? fraction * Math.pow(2, 1 - bias)
                : (1 + fraction) * Math.pow(2, exponent - bias);
        return (float) (bits < 128 ? magnitude : -magnitude);
    }
}
