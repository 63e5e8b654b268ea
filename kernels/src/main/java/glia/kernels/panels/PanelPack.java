package glia.kernels.panels;

import static glia.kernels.asm.Assembler.Condition.BELOW;
import static glia.kernels.asm.Assembler.Condition.NOT_EQUAL;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Assembler.Label;
import java.util.List;

/// Emits the code that packs 16 rows of weights in a file's format (ggml's blocks) into a panel. It moves quads, four
/// quants in 32 bits, in general registers, row by row. It is machine code since models are packed when they are
/// loaded, before the JIT compiler could have compiled it. `PanelPacker` packs formats with codebooks.
///
/// Arguments: the first row; bytes from row to row; blocks (of the file) in a row; the panel's quants; its scales;
/// rows, 1 to 16. Lanes of missing rows are not changed.
public final class PanelPack {
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int PAIRS = 0x03030303;
    private static final int ONES = 0x01010101;
    private static final List<Gpr> SAVED = List.of(RBX, R12, R13, R14, R15);

    private static final Gpr BLOCK = R10;
    private static final Gpr QUANTS = R11;
    private static final Gpr SCALES = R12;
    private static final Gpr ROW = RBX;

    private final Assembler a = new Assembler();
    private final PanelFormat format;

    private PanelPack(PanelFormat format) {
        this.format = format;
    }

    public static byte[] emit(PanelFormat format) {
        return new PanelPack(format).emit();
    }

    private byte[] emit() {
        SAVED.forEach(a::push);
        a.mov(ROW, 0);
        Label row = a.here();
        a.mov(BLOCK, RDI);
        a.mov(QUANTS, RCX);
        a.mov(SCALES, R8);
        a.mov(R13, RDX);
        Label block = a.here();
        for (int part = 0; part < format.scales.blocks; part++) {
            quants(part);
            a.add(QUANTS, format.blockBytes());
        }
        scales();
        a.add(BLOCK, format.type.blockBytes());
        a.add(SCALES, format.scales.sizeBytes);
        a.dec(R13);
        a.jump(NOT_EQUAL, block);
        a.add(RDI, RSI);
        a.inc(ROW);
        a.cmp(ROW, R9);
        a.jump(BELOW, row);
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toBytes();
    }

    // ---- quants --------------------------------------------------------------------------------------------------

    /// Packs 32 quants of the row.
    ///
    /// @param part the index of the 32 in a superblock
    private void quants(int part) {
        switch (format) {
            case Q8_0 -> {
                a.mov(R14, 0x80808080L);
                for (int i = 0; i < 8; i++) {
                    a.mov32(RAX, at(BLOCK, 2 + 4 * i));
                    a.xor(RAX, R14);
                    a.mov32(lane(64 * i), RAX);
                }
            }
            case Q4_0 -> nibblesAsTheyAre(2);
            case Q4_1 -> nibblesAsTheyAre(4);
            case MXFP4 -> nibblesAsTheyAre(1);
            case Q5_0 -> {
                nibblesAsTheyAre(6);
                bitsOfWord(2);
            }
            case Q5_1 -> {
                nibblesAsTheyAre(8);
                bitsOfWord(4);
            }
            case Q4_K -> nibbles(16 + part / 2 * 32, part % 2 * 4);
            case Q5_K -> {
                nibbles(48 + part / 2 * 32, part % 2 * 4);
                collect(16, part, ONES, 256);
            }
            case Q6_K -> {
                nibbles(part / 4 * 64 + part % 2 * 32, part % 4 / 2 * 4);
                collect(128 + part / 4 * 32, part % 4 * 2, PAIRS, 256);
            }
            case Q3_K -> {
                collect(32 + part / 4 * 32, part % 4 * 2, PAIRS, 0);
                collect(0, part, ONES, 128);
            }
            case Q2_K -> collect(16 + part / 4 * 32, part % 4 * 2, PAIRS, 0);
            default -> throw new IllegalArgumentException("no code for " + format);
        }
    }

    /// The row's lane of a vector of the block.
    private Mem lane(int vector) {
        return at(QUANTS, ROW, 4, vector);
    }

    /// Packs 16 bytes whose halves are paired as in the panel.
    private void nibblesAsTheyAre(int from) {
        for (int m = 0; m < 4; m++) {
            a.mov32(RAX, at(BLOCK, from + 4 * m));
            a.mov32(lane(64 * m), RAX);
        }
    }

    /// Packs four bits of each of 32 bytes; pairs those of quads m and m + 4.
    private void nibbles(int from, int shift) {
        for (int m = 0; m < 4; m++) {
            bits(RAX, from + 4 * m, shift, NIBBLES);
            bits(R14, from + 4 * (m + 4), shift, NIBBLES);
            a.shl(R14, 4);
            a.add(RAX, R14);
            a.mov32(lane(64 * m), RAX);
        }
    }

    /// `to = the four bytes at from >> shift & mask`
    private void bits(Gpr to, int from, int shift, int mask) {
        a.mov32(to, at(BLOCK, from));
        if (shift > 0) {
            a.shr(to, shift);
        }
        a.and(to, mask);
    }

    /// Packs one or two bits of each of 32 bytes; puts those of eight or four quads into one lane.
    private void collect(int from, int shift, int mask, int vector) {
        int width = mask == ONES ? 1 : 2;
        for (int i = 0; i < 8; i++) {
            bits(RAX, from + 4 * i, shift, mask);
            gather(width * i % 8, vector + 64 * (width * i / 8), width);
        }
    }

    /// Adds RAX, shifted, to R15, which is stored when it is full.
    private void gather(int shift, int vector, int width) {
        if (shift == 0) {
            a.mov(R15, RAX);
        } else {
            a.shl(RAX, shift);
            a.add(R15, RAX);
        }
        if (shift == 8 - width) {
            a.mov32(lane(vector), R15);
        }
    }

    /// Packs 32 bits, one for each quant.
    private void bitsOfWord(int from) {
        // The multiplication copies bit j of four to bit 8j, among others.
        a.mov(R14, 0x00204081);
        for (int i = 0; i < 8; i++) {
            a.mov32(RAX, at(BLOCK, from));
            a.shr(RAX, 4 * i);
            a.and(RAX, 15);
            a.imul(RAX, R14);
            a.and(RAX, ONES);
            gather(i, 256, 1);
        }
    }

    // ---- scales --------------------------------------------------------------------------------------------------

    private void scales() {
        switch (format) {
            case Q8_0, Q4_0, Q5_0 -> half(0, 0);
            case Q4_1, Q5_1 -> {
                half(0, 0);
                half(2, 32);
            }
            case MXFP4 -> {
                a.movzxByte(RAX, at(BLOCK));
                a.mov8(at(SCALES, ROW, 1, 0), RAX);
            }
            case Q4_K, Q5_K -> {
                for (int part = 0; part < 8; part++) {
                    sixBits(part, 0, 32 * part);
                    sixBits(part, 4, 32 * part + 16);
                }
                half(0, 256);
                half(2, 288);
            }
            case Q6_K -> {
                for (int i = 0; i < 16; i++) {
                    a.movzxByte(RAX, at(BLOCK, 192 + i));
                    a.mov8(at(SCALES, ROW, 1, 16 * i), RAX);
                }
                half(208, 256);
            }
            case Q3_K -> {
                for (int i = 0; i < 16; i++) {
                    byteBits(RAX, 96 + i % 8, i / 8 * 4, 15);
                    byteBits(R14, 104 + i % 4, i / 4 * 2, 3);
                    a.shl(R14, 4);
                    a.add(RAX, R14);
                    a.sub(RAX, 32);
                    a.mov8(at(SCALES, ROW, 1, 16 * i), RAX);
                }
                half(108, 256);
            }
            case Q2_K -> {
                for (int i = 0; i < 16; i++) {
                    int to = 64 * (i / 2) + 16 * (i % 2);
                    byteBits(RAX, i, 0, 15);
                    a.mov8(at(SCALES, ROW, 1, to), RAX);
                    byteBits(RAX, i, 4, 15);
                    a.mov8(at(SCALES, ROW, 1, to + 32), RAX);
                }
                half(80, 512);
                half(82, 544);
            }
            default -> throw new IllegalArgumentException("no code for " + format);
        }
    }

    /// Copies an F16 value.
    private void half(int from, int to) {
        a.movzxShort(RAX, at(BLOCK, from));
        a.mov16(at(SCALES, ROW, 2, to), RAX);
    }

    private void byteBits(Gpr to, int from, int shift, int mask) {
        a.movzxByte(to, at(BLOCK, from));
        if (shift > 0) {
            a.shr(to, shift);
        }
        a.and(to, mask);
    }

    /// The 6-bit scale (`kind` 0) or minimum (4) of a part. Those of the first four are the low bits of bytes 0 to 3
    /// and 4 to 7; the others have their low four bits in the halves of bytes 8 to 11 and their high two bits on top of
    /// the first.
    private void sixBits(int part, int kind, int to) {
        int scales = 4;
        if (part < 4) {
            byteBits(RAX, scales + part + kind, 0, 63);
        } else {
            byteBits(RAX, scales + part + 4, kind, 15);
            byteBits(R14, scales + part - 4 + kind, 6, 3);
            a.shl(R14, 4);
            a.add(RAX, R14);
        }
        a.mov8(at(SCALES, ROW, 1, to), RAX);
    }
}
