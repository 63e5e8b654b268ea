package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;

import glia.kernels.asm.Encoder.ByteBuilder;
import java.util.Arrays;

/// An assembler for x86-64:
/// ```
/// var a = new Assembler();
/// Label loop = a.here();
/// a.op(VFMADD231PS, zmm(0), zmm(1), at(RDI));
/// a.add(RDI, 64);
/// a.dec(RSI);
/// a.jump(NOT_EQUAL, loop);
/// a.ret();
/// ```
/// Operands are in Intel's order, the destination first. Vector instructions are the constants of `Op`; general
/// instructions, for counting and jumping, are methods here and work on 64 bits unless their name says 32.
///
/// Unsupported operands throw an `IllegalArgumentException` that names the instruction and its operands. The running
/// code is not checked. Subclasses may add macro instructions.
public class Assembler {
    final ByteBuilder out = new ByteBuilder();
    final Encoder encoder = new Encoder(out);
    private int numOpen;

    /// Creates an assembler without code.
    public Assembler() { }

    /// Adds a vector or mask instruction without an immediate.
    public void op(Op op, Operand... operands) {
        require(!op.hasImmediate, op + " needs an immediate byte");
        encoder.encode(op, 0, operands);
    }

    /// Adds an instruction with an 8-bit immediate, the last operand.
    public void op(Op op, Operand a, Operand b, int immediate) {
        require(op.hasImmediate, op + " has no immediate byte");
        encoder.encode(op, immediate, a, b);
    }

    /// Adds an instruction with an 8-bit immediate, the last operand.
    public void op(Op op, Operand a, Operand b, Operand c, int immediate) {
        require(op.hasImmediate, op + " has no immediate byte");
        encoder.encode(op, immediate, a, b, c);
    }

    /// The code so far.
    ///
    /// @throws IllegalStateException if a jump targets a label that is not bound
    public byte[] toBytes() {
        if (numOpen != 0) {
            throw new IllegalStateException(numOpen + " jumps lead to labels that are not bound");
        }
        return out.toArray();
    }

    public int sizeBytes() {
        return out.size();
    }

    // ---- jumps ---------------------------------------------------------------------------------------------------

    /// Returns a label bound at the current position.
    public Label here() {
        var label = new Label();
        bind(label);
        return label;
    }

    /// Binds a label at the current position.
    ///
    /// @throws IllegalStateException if it is already bound
    public void bind(Label label) {
        if (label.isBound()) {
            throw new IllegalStateException("the label is bound already, at " + label.position);
        }
        label.position = out.size();
        int[] uses = label.uses();
        for (int at : uses) {
            out.i32At(at, label.position - at - 4);
        }
        numOpen -= uses.length;
    }

    /// Jumps if the condition holds.
    public void jump(Condition condition, Label to) {
        out.u8(0x0f);
        out.u8(0x80 | condition.ordinal());
        distance(to);
    }

    public void jump(Label to) {
        out.u8(0xe9);
        distance(to);
    }

    private void distance(Label to) {
        int at = out.size();
        out.i32(to.isBound() ? to.position - at - 4 : 0);
        if (!to.isBound()) {
            to.addUse(at);
            numOpen++;
        }
    }

    public void ret() {
        out.u8(0xc3);
    }

    // ---- general registers ---------------------------------------------------------------------------------------

    public void mov(Gpr to, Gpr from) {
        registers(1, 0x89, to, from);
    }

    /// Copies the lower 32 bits; the upper become 0.
    public void mov32(Gpr to, Gpr from) {
        registers(0, 0x89, to, from);
    }

    public void mov(Gpr to, Mem from) {
        memory(1, 0x8b, to, from);
    }

    public void mov(Mem to, Gpr from) {
        memory(1, 0x89, from, to);
    }

    /// Loads 32 bits; the upper become 0.
    public void mov32(Gpr to, Mem from) {
        memory(0, 0x8b, to, from);
    }

    /// Stores the lower 32 bits.
    public void mov32(Mem to, Gpr from) {
        memory(0, 0x89, from, to);
    }

    /// Loads a byte, zero-extended.
    public void movzxByte(Gpr to, Mem from) {
        rex(0, to.number(), index(from), from.base().number());
        out.u8(0x0f);
        out.u8(0xb6);
        encoder.memory(to.number(), from, 1);
    }

    /// Loads two bytes, zero-extended.
    public void movzxShort(Gpr to, Mem from) {
        rex(0, to.number(), index(from), from.base().number());
        out.u8(0x0f);
        out.u8(0xb7);
        encoder.memory(to.number(), from, 1);
    }

    /// Stores the lowest byte.
    public void mov8(Mem to, Gpr from) {
        // Without a REX prefix these encodings of RSP to RDI are other byte registers.
        int bits = from.number() >> 3 << 2 | index(to) >> 3 << 1 | to.base().number() >> 3;
        if (bits != 0 || from.number() >= Gpr.RSP.number()) {
            out.u8(0x40 | bits);
        }
        out.u8(0x88);
        encoder.memory(from.number(), to, 1);
    }

    /// Stores the lower two bytes.
    public void mov16(Mem to, Gpr from) {
        out.u8(0x66);
        memory(0, 0x89, from, to);
    }

    /// Sets a register, with the shortest encoding for the value.
    public void mov(Gpr to, long value) {
        if (value == (int) value) {
            rex(1, 0, 0, to.number());
            out.u8(0xc7);
            out.u8(0xc0 | to.number() & 7);
            out.i32((int) value);
        } else {
            rex(1, 0, 0, to.number());
            out.u8(0xb8 | to.number() & 7);
            out.i32((int) value);
            out.i32((int) (value >> 32));
        }
    }

    /// `to = address of the operand`.
    public void lea(Gpr to, Mem from) {
        memory(1, 0x8d, to, from);
    }

    public void add(Gpr to, Gpr from) {
        registers(1, 0x01, to, from);
    }

    public void add(Gpr to, Mem from) {
        memory(1, 0x03, to, from);
    }

    public void add(Gpr to, int value) {
        immediate(0, to, value);
    }

    public void sub(Gpr to, Gpr from) {
        registers(1, 0x29, to, from);
    }

    public void sub(Gpr to, int value) {
        immediate(5, to, value);
    }

    public void and(Gpr to, int value) {
        immediate(4, to, value);
    }

    public void cmp(Gpr a, Gpr b) {
        registers(1, 0x39, a, b);
    }

    public void cmp(Gpr a, Mem b) {
        memory(1, 0x3b, a, b);
    }

    public void cmp(Gpr a, int value) {
        immediate(7, a, value);
    }

    public void test(Gpr a, Gpr b) {
        registers(1, 0x85, a, b);
    }

    public void xor(Gpr to, Gpr from) {
        registers(1, 0x31, to, from);
    }

    public void imul(Gpr to, Gpr by) {
        rex(1, to.number(), 0, by.number());
        out.u8(0x0f);
        out.u8(0xaf);
        out.u8(0xc0 | (to.number() & 7) << 3 | by.number() & 7);
    }

    public void inc(Gpr to) {
        single(1, 0xff, 0, to);
    }

    public void dec(Gpr to) {
        single(1, 0xff, 1, to);
    }

    public void shl(Gpr to, int bits) {
        single(1, 0xc1, 4, to);
        out.u8(bits);
    }

    /// Shifts left by the lower 6 bits of CL.
    public void shlByCl(Gpr to) {
        single(1, 0xd3, 4, to);
    }

    public void shr(Gpr to, int bits) {
        single(1, 0xc1, 5, to);
        out.u8(bits);
    }

    public void push(Gpr from) {
        rex(0, 0, 0, from.number());
        out.u8(0x50 | from.number() & 7);
    }

    public void pop(Gpr to) {
        rex(0, 0, 0, to.number());
        out.u8(0x58 | to.number() & 7);
    }

    // ---- system --------------------------------------------------------------------------------------------------

    public void cpuid() {
        out.u8(0x0f);
        out.u8(0xa2);
    }

    public void xgetbv() {
        out.u8(0x0f);
        out.u8(0x01);
        out.u8(0xd0);
    }

    /// Prefetches a cache line. An invalid address is ignored.
    public void prefetch(Cache cache, Mem at) {
        rex(0, 0, index(at), at.base().number());
        out.u8(0x0f);
        out.u8(0x18);
        encoder.memory(cache.ordinal(), at, 1);
    }

    /// The caches a line is loaded into: NTA the L1 cache only, T0 all, T1 L2 and above.
    public enum Cache { NTA, T0, T1, T2 }

    // ---- encoding ------------------------------------------------------------------------------------------------

    private void registers(int w, int opcode, Gpr rm, Gpr reg) {
        rex(w, reg.number(), 0, rm.number());
        out.u8(opcode);
        out.u8(0xc0 | (reg.number() & 7) << 3 | rm.number() & 7);
    }

    private void memory(int w, int opcode, Gpr reg, Mem rm) {
        require(!rm.broadcast() && rm.mask() == Mask.K0, "a general register is not for " + rm);
        rex(w, reg.number(), index(rm), rm.base().number());
        out.u8(opcode);
        encoder.memory(reg.number(), rm, 1);
    }

    private void single(int w, int opcode, int digit, Gpr rm) {
        rex(w, 0, 0, rm.number());
        out.u8(opcode);
        out.u8(0xc0 | digit << 3 | rm.number() & 7);
    }

    private void immediate(int digit, Gpr rm, int value) {
        boolean isShort = value == (byte) value;
        single(1, isShort ? 0x83 : 0x81, digit, rm);
        if (isShort) {
            out.u8(value);
        } else {
            out.i32(value);
        }
    }

    static int index(Mem m) {
        return m.scale() == 0 ? 0 : m.index().number();
    }

    private void rex(int w, int reg, int index, int base) {
        int bits = w << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (bits != 0) {
            out.u8(0x40 | bits);
        }
    }

    static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /// A jump target: bound once, before or after the jumps.
    public static final class Label {
        private static final int UNBOUND = -1;

        int position = UNBOUND;
        private int[] uses = new int[4];
        private int numUses;

        /// Creates an unbound label.
        public Label() { }

        boolean isBound() {
            return position != UNBOUND;
        }

        /// Adds the position of a jump distance to patch.
        void addUse(int at) {
            if (numUses == uses.length) {
                uses = Arrays.copyOf(uses, 2 * numUses);
            }
            uses[numUses++] = at;
        }

        int[] uses() {
            return Arrays.copyOf(uses, numUses);
        }
    }

    /// The condition of a jump after a comparison `cmp a, b`; the ordinal is part of the opcode.
    public enum Condition {
        OVERFLOW, NO_OVERFLOW,
        /// a < b, unsigned.
        BELOW,
        /// a ≥ b, unsigned.
        ABOVE_OR_EQUAL,
        /// a = b, or the last result is 0.
        EQUAL,
        NOT_EQUAL,
        BELOW_OR_EQUAL, ABOVE, NEGATIVE, NOT_NEGATIVE, PARITY_EVEN, PARITY_ODD,
        /// a < b, signed.
        LESS,
        GREATER_OR_EQUAL, LESS_OR_EQUAL, GREATER
    }
}
