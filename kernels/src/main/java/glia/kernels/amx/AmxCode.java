package glia.kernels.amx;

import static glia.kernels.asm.AmxAssembler.Tile.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.AmxAssembler;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Op;
import glia.kernels.asm.AmxAssembler.Tile;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.tiles.Bf16x3Code;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The AMX micro-kernel: `C[m,n] (+)= Σ_p A[m,p] · B[p,n]` over BF16 pairs p, with F32 accumulation, for 32 columns and
/// one or more groups of up to 32 rows.
///
/// A tile register holds 16 rows of 16 pairs of A, or 16 pairs of 16 columns of B, or 16 by 16 sums. Four tiles are
/// accumulators, so that each loaded tile is used in two tile multiplications of 16³ pairs, which take 16 cycles each:
/// ```
/// for each group:
///     tmm0 to tmm3 = sums so far, or 0
///     for each step of 16 pairs:
///         tmm4, tmm5 = A      tmm6, tmm7 = B
///         tmm0 += tmm4 · tmm6      tmm1 += tmm4 · tmm7
///         tmm2 += tmm5 · tmm6      tmm3 += tmm5 · tmm7
///     store the sums
/// ```
/// For F32 GEMM each value is a sum of three BF16 terms (`Bf16x3Code`). A step then multiplies six pairs of terms, one
/// after the other, the smallest first:
/// ```
/// (a0 + a1 + a2) · (b0 + b1 + b2) = a2·b0 + a1·b0 + a1·b1 + a0·b1 + a0·b2 + a0·b0
/// ```
/// The omitted terms, a1·b2 and smaller, are within 2^-26 of the product. In this order neighboring pairs share a term,
/// so that only the other is loaded. A tile multiplication adds 32 products before it rounds to F32, so six of them
/// round less often than 32 `vfmadd231ps`.
///
/// A step is contiguous: 32 rows of 16 pairs a term of A, 16 rows of 32 of B. B stays in the L1 cache. A comes from L2:
/// with one term it is loaded past L1 (`tileloaddt1`), which leaves B more room; with three it is prefetched a step
/// ahead, since there is time. Some lines of the next B are prefetched in each step. Sums are stored tile by tile in
/// the worker's own memory and moved to C at the end: rows of C that are kilobytes apart map to the same few cache
/// sets, and loading them takes longer than multiplying.
///
/// Intel's manual, volume 1, chapter 18. Tiles are released at the end of each call, so that a context switch elsewhere
/// has none to save. Sums of more terms: https://arxiv.org/abs/1904.06376.
public final class AmxCode {
    /// Maximal rows of A and columns of B of a group.
    static final int ROWS = 32;
    static final int COLS = 32;
    /// Pairs of a step, and values.
    static final int PAIRS = 16;
    static final int DEPTH = 2 * PAIRS;
    /// Bytes from row to row of A's pairs, and of B's.
    static final int A_ROW_BYTES = 4 * PAIRS;
    static final int B_ROW_BYTES = 4 * COLS;
    /// Size of a group's sums, in bytes.
    static final int SUMS_BYTES = 4 * ROWS * COLS;
    /// The part of L1 for a call's B, in bytes, which leaves room for other data, and the same if A passes through L1.
    private static final int B_BYTES = 32 * 1024;
    private static final int B_BYTES_BESIDE_A = 18 * 1024;
    /// The number of groups during which the next call's B is prefetched.
    private static final int AHEAD_GROUPS = 8;
    private static final int HALF = 16;
    private static final int LINE = 64;
    private static final int TILE_BYTES = 1024;

    /// Offsets in a call's memory: the tile configuration, and the addresses of the sums and B.
    private static final int SUMS = 64;
    private static final int B = 72;
    /// Size of a call's memory, in bytes, aligned to 64.
    static final int CALL_BYTES = 128;

    private static final CodePages MOVES = CodePages.seal(Arena.ofAuto(), List.of(emitMove(false), emitMove(true)));
    private static final Function COPY = MOVES.function(0);
    private static final Function ADD = MOVES.function(1);

    /// Each emitted at its first use.
    private static final class One {
        static final AmxCode CODE = new AmxCode(1, new int[][] {{0, 0}});
    }

    private static final class Three {
        static final AmxCode CODE = new AmxCode(3, new int[][] {{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 2}, {0, 0}});
    }

    private final int terms;
    /// The pairs of terms of A and B that are multiplied.
    private final int[][] pairs;
    private final CodePages pages;

    private AmxCode(int terms, int[][] pairs) {
        this.terms = terms;
        this.pairs = pairs;
        List<byte[]> codes = new ArrayList<>();
        for (int which = 0; which < 8; which++) {
            codes.add(emit(1 + which / 4, 1 + which / 2 % 2, which % 2 == 1));
        }
        pages = CodePages.seal(Arena.ofAuto(), codes);
    }

    /// The code for values of 1 or 3 terms.
    static AmxCode of(int terms) {
        return terms == 1 ? One.CODE : Three.CODE;
    }

    /// Size of a step, in bytes, of A as of B.
    int stepBytes() {
        return terms * Bf16x3Code.TERM_BYTES;
    }

    /// Maximal number of steps in a call.
    int maxSteps() {
        return (passesFirstCache() ? B_BYTES : B_BYTES_BESIDE_A) / stepBytes();
    }

    private boolean passesFirstCache() {
        return terms == 1;
    }

    /// Bytes of the next call's B that are prefetched in a step.
    private int aheadBytes() {
        return stepBytes() / AHEAD_GROUPS;
    }

    /// Multiplies consecutive groups of A; sums are consecutive too (`SUMS_BYTES`). At most `rows` rows of A are read;
    /// 16 columns are computed if `cols` is at most 16, otherwise 32.
    ///
    /// @param call `CALL_BYTES` of the worker's own memory, initially 0
    /// @param groups at least 1
    /// @param rows of each group, 1 to 32
    /// @param cols 1 to 32
    /// @param adds whether to add to the sums instead of starting at 0
    /// @param steps at least 1
    /// @param next B of the next call, an eighth of which is prefetched for each group and step
    void multiply(long call, int groups, int rows, int cols, boolean adds, long sums, long a, long b, int steps,
            long next) {
        configure(call, rows);
        Memory.i64(call + SUMS, sums);
        Memory.i64(call + B, b);
        pages.function((rows > HALF ? 4 : 0) + (cols > HALF ? 2 : 0) + (adds ? 1 : 0))
                .call(call, groups, a, steps, next, 0);
    }

    /// Moves sums to rows of C.
    ///
    /// @param adds whether to add to C
    /// @param to the address of the first row; rows are `rowBytes` apart
    /// @param sums the sums of the first group and the first 32 columns; groups are consecutive
    /// @param groupRows 16 or 32
    /// @param step bytes to the sums of the next 32 columns
    /// @param cols at least 1
    public static void move(boolean adds, long to, long rowBytes, long sums, int groupRows, long step, int rows,
            int cols) {
        Function code = adds ? ADD : COPY;
        for (int i = 0; i < rows; i++) {
            long group = sums + 4L * COLS * groupRows * (i / groupRows);
            int row = i % groupRows;
            code.call(to + i * rowBytes, group + 2L * TILE_BYTES * (row / HALF) + (long) A_ROW_BYTES * (row % HALF),
                    step, cols / COLS, (1L << cols % COLS) - 1, 0);
        }
    }

    /// Writes the operand of LDTILECFG: palette 1, from byte 16 on the bytes of a row, from byte 48 on the rows.
    private static void configure(long at, int rows) {
        int upper = Math.min(rows, HALF);
        int lower = rows - upper;
        Memory.i8(at, 1);
        for (int tile = 0; tile < 8; tile++) {
            int ofTile = tile > 5 ? HALF : tile == 2 || tile == 3 || tile == 5 ? lower : upper;
            Memory.i16(at + 16 + 2 * tile, ofTile == 0 ? 0 : A_ROW_BYTES);
            Memory.i8(at + 48 + tile, ofTile);
        }
    }

    /// RDI: the call, RSI: groups, RDX: A, RCX: B, R8: steps in total, R9: steps left, R10: sums, R11: bytes from row
    /// to row of A and of sums, RAX: bytes from row to row of B, RBX: the next B.
    private byte[] emit(int high, int wide, boolean adds) {
        var a = new AmxAssembler();
        a.configureTiles(at(RDI));
        a.push(RBX);
        a.mov(RBX, R8);
        a.mov(R10, at(RDI, SUMS));
        a.mov(R8, RCX);
        a.mov(R11, A_ROW_BYTES);
        a.mov(RAX, B_ROW_BYTES);
        Label group = a.here();
        a.mov(RCX, at(RDI, B));
        a.mov(R9, R8);
        for (int i = 0; i < high; i++) {
            for (int j = 0; j < wide; j++) {
                if (adds) {
                    a.load(sum(i, j), soFar(i, j));
                } else {
                    a.zero(sum(i, j));
                }
            }
        }
        Label step = a.here();
        step(a, high, wide);
        a.add(RDX, stepBytes());
        a.add(RCX, stepBytes());
        a.add(RBX, aheadBytes());
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, step);
        for (int i = 0; i < high; i++) {
            for (int j = 0; j < wide; j++) {
                a.store(soFar(i, j), sum(i, j));
            }
        }
        a.add(R10, SUMS_BYTES);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, group);
        a.pop(RBX);
        a.releaseTiles();
        a.ret();
        return a.toBytes();
    }

    private void step(AmxAssembler a, int high, int wide) {
        int products = pairs.length * high * wide;
        int done = 0;
        int[] loaded = {-1, -1};
        for (int[] pair : pairs) {
            for (int i = 0; i < high; i++) {
                if (pair[0] != loaded[0]) {
                    loadA(a, i, pair[0]);
                }
                for (int j = 0; j < wide; j++) {
                    if (i == 0 && pair[1] != loaded[1]) {
                        a.load(ofB(j), at(RCX, RAX, 1, Bf16x3Code.TERM_BYTES * pair[1] + B_ROW_BYTES / 2 * j));
                    }
                    a.addBf16Products(sum(i, j), ofA(i), ofB(j));
                    prefetch(a, Assembler.Cache.T1, RBX, 0, aheadBytes(), done, products);
                    if (!passesFirstCache()) {
                        prefetch(a, Assembler.Cache.T0, RDX, stepBytes(), stepBytes(), done, products);
                    }
                    done++;
                }
            }
            loaded = pair;
        }
    }

    private void loadA(AmxAssembler a, int i, int term) {
        Mem rows = at(RDX, R11, 1, Bf16x3Code.TERM_BYTES * term + HALF * A_ROW_BYTES * i);
        if (passesFirstCache()) {
            a.loadOnce(ofA(i), rows);
        } else {
            a.load(ofA(i), rows);
        }
    }

    /// Prefetches one of `parts` equal parts of the lines from an offset on.
    private static void prefetch(AmxAssembler a, Assembler.Cache cache, Gpr from, int offset, int sizeBytes, int part,
            int parts) {
        int lines = sizeBytes / LINE;
        for (int line = part * lines / parts; line < (part + 1) * lines / parts; line++) {
            a.prefetch(cache, at(from, offset + LINE * line));
        }
    }

    private static Tile sum(int i, int j) {
        return Tile.values()[2 * i + j];
    }

    private static Tile ofA(int i) {
        return i == 0 ? TMM4 : TMM5;
    }

    private static Tile ofB(int j) {
        return j == 0 ? TMM6 : TMM7;
    }

    private static Mem soFar(int i, int j) {
        return at(R10, R11, 1, TILE_BYTES * (2 * i + j));
    }

    /// RDI: C, RSI: sums, RDX: bytes to the next 32 columns, RCX: columns / 32, R8: mask of the last columns.
    private static byte[] emitMove(boolean adds) {
        var a = new Emitter(IsaLevel.AMX);
        Label rest = new Label();
        Label end = new Label();
        a.test(RCX, RCX);
        a.jump(Condition.EQUAL, rest);
        Label next = a.here();
        for (int j = 0; j < 2; j++) {
            a.op(Op.VMOVUPS, a.v(j), at(RSI, TILE_BYTES * j));
            if (adds) {
                a.op(Op.VADDPS, a.v(j), a.v(j), at(RDI, A_ROW_BYTES * j));
            }
            a.op(Op.VMOVUPS, at(RDI, A_ROW_BYTES * j), a.v(j));
        }
        a.add(RDI, B_ROW_BYTES);
        a.add(RSI, RDX);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, next);
        a.bind(rest);
        a.test(R8, R8);
        a.jump(Condition.EQUAL, end);
        for (int j = 0; j < 2; j++) {
            a.mask(Mask.K1, R8, RAX);
            a.load(a.v(0), at(RSI, TILE_BYTES * j), Mask.K1);
            if (adds) {
                a.load(a.v(1), at(RDI, A_ROW_BYTES * j), Mask.K1);
                a.op(Op.VADDPS, a.v(0), a.v(0), a.v(1));
            }
            a.store(at(RDI, A_ROW_BYTES * j), a.v(0), Mask.K1);
            a.shr(R8, HALF);
        }
        a.bind(end);
        return a.end();
    }
}
