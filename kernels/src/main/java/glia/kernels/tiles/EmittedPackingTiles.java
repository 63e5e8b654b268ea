package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.zmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Tiles.Bf16Tiles;
import glia.kernels.tiled.Tiles.HalfTiles;
import glia.kernels.tiled.Tiles.PackingTiles;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Micro-kernels for weights that stay packed.
public abstract class EmittedPackingTiles extends EmittedTiles implements PackingTiles {
    EmittedPackingTiles(Workers workers, RowDecoder decoder, IsaLevel level, PerIsaLevel<TileCode> tile) {
        super(workers, decoder, level, tile);
    }

    @Override
    public final MemorySegment memory(long sizeBytes) {
        return SystemMemory.scratch(sizeBytes);
    }

    @Override
    public final void dropPages(Tensor w) {
        SystemMemory.dropPages(w);
    }

    /// The GEMM micro-kernels for panels of FP16 or BF16 values.
    public static final class EmittedHalfTiles extends EmittedPackingTiles implements HalfTiles {
        /// @param type F16 or BF16
        public EmittedHalfTiles(Workers workers, RowDecoder decoder, IsaLevel level, DType type) {
            super(workers, decoder, level, type == DType.F16 ? TileCode.HALVES : TileCode.BFLOATS);
        }

        @Override
        public void split(long pairs, int count, long to) {
            SplitCode.CODES.of(level).split(pairs, count, to);
        }
    }

    /// The GEMM micro-kernels with `vdpbf16ps`.
    public static final class EmittedBf16Tiles extends EmittedPackingTiles implements Bf16Tiles {
        public EmittedBf16Tiles(Workers workers, RowDecoder decoder, IsaLevel level) {
            super(workers, decoder, level, TileCode.PAIRS);
        }

        @Override
        public void round(DType type, long from, long rowBytes, int rows, int count, int pairs, long to, int worker) {
            long step = type == DType.F32 ? rowBytes : 4L * count;
            long at = decoded(type, from, rowBytes, rows, count, worker);
            for (int r = 0; r < rows; r++) {
                Bf16Code.round(to + 4L * r * pairs, at + r * step, count);
                for (int i = count; i < 2 * pairs; i++) {
                    Memory.i16(to + 4L * r * pairs + 2L * i, 0);
                }
            }
        }

        @Override
        public void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker) {
            decoder.decode(type, from, rowBytes, rows, count, to, worker);
        }

        @Override
        public void interleave(long to, long a, long b, int count) {
            Bf16x3Code.of(1).rowsTogether(to, a, b, count, panelBytes());
        }

        @Override
        public void interleave(long to, long from, long rowBytes, int pairs, int count) {
            // A panel's row, with the tiles that pairs have.
            if (count == Bf16x3Code.STEP && cols() == count) {
                Bf16x3Code.of(1).together(to, from, from + rowBytes, pairs, panelBytes(), 2 * rowBytes);
                return;
            }
            for (int p = 0; p < pairs; p++) {
                long even = from + 2 * p * rowBytes;
                interleave(to + p * panelBytes(), even, even + rowBytes, count);
            }
        }
    }

    /// Emits the split of rows of 16-bit pairs into two rows: the lower values and the upper values.
    static final class SplitCode {
        /// The shuffle that undoes the interleaving of 128-bit halves by packing: 0, 2, 1, 3.
        private static final int IN_ORDER = 0b11_01_10_00;
        static final PerIsaLevel<SplitCode> CODES = new PerIsaLevel<>(SplitCode::new);

        private final Function split;

        private SplitCode(IsaLevel level) {
            split = CodePages.seal(Arena.ofAuto(), List.of(emit(level))).function(0);
        }

        /// Splits rows of `TileCode.cols` pairs.
        ///
        /// @param count at least 1
        void split(long pairs, int count, long to) {
            split.call(to, pairs, count, 0, 0, 0);
        }

        private static byte[] emit(IsaLevel level) {
            var a = new Emitter(level);
            Vec left = a.v(0);
            Vec right = a.v(1);
            Label loop = a.here();
            a.op(VMOVUPS, left, at(RSI));
            a.op(VMOVUPS, right, at(RSI, level.bytes));
            if (!a.isWide()) {
                // The lower 16 bits only.
                a.op(VPSLLD, a.v(2), left, 16);
                a.op(VPSLLD, a.v(3), right, 16);
                a.op(VPSRLD, a.v(2), a.v(2), 16);
                a.op(VPSRLD, a.v(3), a.v(3), 16);
            }
            store(a, 0, a.isWide() ? left : a.v(2), a.isWide() ? right : a.v(3));
            a.op(VPSRLD, left, left, 16);
            a.op(VPSRLD, right, right, 16);
            store(a, level.bytes, left, right);
            a.add(RSI, 2 * level.bytes);
            a.add(RDI, 2 * level.bytes);
            a.dec(RDX);
            a.jump(Condition.NOT_EQUAL, loop);
            return a.end();
        }

        /// Stores the lower 16 bits of the lanes of two registers.
        private static void store(Emitter a, int at, Vec left, Vec right) {
            if (a.isWide()) {
                a.op(VPMOVDW, at(RDI, at), left);
                a.op(VPMOVDW, at(RDI, at + a.bytes() / 2), right);
            } else {
                a.op(VPACKUSDW, left, left, right);
                a.op(VPERMQ, left, left, IN_ORDER);
                a.op(VMOVUPS, at(RDI, at), left);
            }
        }
    }

    /// Emits rounding of F32 to BF16, half to even; subnormal values become 0, as in the instruction. For processors
    /// with AVX-512 BF16.
    public static final class Bf16Code {
        private static final int STEP = 32;
        private static final CodePages PAGES = CodePages.seal(Arena.ofAuto(), List.of(round()));
        private static final Function ROUND = PAGES.function(0);

        private Bf16Code() { }

        /// Computes `to[i] = bf16(from[i])` for `count` values.
        public static void round(long to, long from, int count) {
            int steps = count / STEP;
            if (steps > 0) {
                ROUND.call(to, from, steps, 0, 0, 0);
            }
            for (int i = steps * STEP; i < count; i++) {
                Memory.i16(to + 2L * i, bf16(Memory.f32(from + 4L * i)));
            }
        }

        /// The bits of a value rounded to BF16.
        public static int bf16(float x) {
            int bits = Float.floatToRawIntBits(x);
            int magnitude = bits & 0x7FFF_FFFF;
            if (magnitude > 0x7F80_0000) {
                return bits >>> 16 | 0x40;
            }
            if (magnitude < 0x0080_0000) {
                return bits >>> 16 & 0x8000;
            }
            return bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
        }

        /// RDI: to, RSI: from, RDX: count / 32.
        private static byte[] round() {
            Assembler a = new Assembler();
            Label loop = a.here();
            a.op(VMOVUPS, zmm(0), at(RSI));
            a.op(VMOVUPS, zmm(1), at(RSI, 64));
            a.op(VCVTNE2PS2BF16, zmm(0), zmm(1), zmm(0));
            a.op(VMOVUPS, at(RDI), zmm(0));
            a.add(RSI, 128);
            a.add(RDI, 64);
            a.dec(RDX);
            a.jump(Condition.NOT_EQUAL, loop);
            a.op(VZEROUPPER);
            a.ret();
            return a.toBytes();
        }
    }
}
