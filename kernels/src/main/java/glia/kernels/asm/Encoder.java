package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;

import glia.kernels.asm.Op.Form;
import java.util.Arrays;

/// Encodes a vector instruction: checks the operands, chooses VEX or EVEX, writes prefix, opcode, ModRM, SIB,
/// displacement and immediate. Intel's manual, volume 2, sections 2.1, 2.3 and 2.7.
final class Encoder {
    private final ByteBuilder out;

    Encoder(ByteBuilder out) {
        this.out = out;
    }

    /// @param operands the operands of the form, destination first
    void encode(Op op, int immediate, Operand... operands) {
        Form form = op.form;
        boolean stores = op.storeOpcode >= 0 && operands.length > 0 && operands[0] instanceof Mem;
        boolean rmFirst = form.rmFirst || stores;
        require(operands.length == form.numOperands(), op, operands);
        int last = operands.length - (form == Form.RVMR ? 2 : 1);
        Operand reg = form.reg == null ? null : rmFirst ? operands[last] : operands[0];
        Operand rm = form.rm == null ? null : rmFirst ? operands[0] : operands[last];
        Vec v = form.hasV && operands[form.reg == null ? 0 : 1] instanceof Vec vec ? vec : null;
        int vector = vectorBytes(operands);
        require(form.reg == null || form.reg.isInstance(reg), op, operands);
        require(!form.hasV || v != null, op, operands);
        require(form.rm == null || form.rm.isInstance(rm) || form.takesMemory() && rm instanceof Mem, op, operands);
        require(sizesFit(op, vector, reg, v, rm), op, operands);
        require(form != Form.RVMR || operands[3] instanceof Vec x && x.bytes() == vector, op, operands);
        require(masksFit(operands), op, operands);
        boolean evex = op.kind == Op.Kind.EVEX || op.kind == Op.Kind.ANY && (needsEvex(vector, operands)
                || form == Form.VM && rm instanceof Mem);
        require(evex || !needsEvex(vector, operands), op, operands);
        int opcode = stores ? op.storeOpcode : op.opcode;
        int r = reg == null ? op.digit : number(reg);
        int vNumber = v == null ? 0 : v.number();
        int n = 1;
        if (evex) {
            boolean broadcast = rm instanceof Mem m && m.broadcast();
            n = broadcast ? op.tuple.broadcastBytes() : op.tuple.bytes(vector);
            evex(op, r, vNumber, rm, vector, operands[0], broadcast);
        } else {
            vex(op, r, vNumber, rm, vector);
        }
        out.u8(opcode);
        if (rm instanceof Mem m) {
            memory(r, m, n);
        } else if (rm != null) {
            out.u8(0xc0 | (r & 7) << 3 | number(rm) & 7);
        }
        if (op.hasImmediate) {
            out.u8(immediate);
        } else if (form == Form.RVMR) {
            out.u8(number(operands[3]) << 4);
        }
    }

    private static int number(Operand register) {
        // Not a switch over types, which is slow until it is compiled; most code is emitted before.
        if (register instanceof Vec v) {
            return v.number();
        }
        if (register instanceof Gpr g) {
            return g.number();
        }
        if (register instanceof Mask k) {
            return k.number();
        }
        throw new IllegalArgumentException(register + " is no register");
    }

    private static int vectorBytes(Operand[] operands) {
        int bytes = 0;
        for (Operand operand : operands) {
            bytes = operand instanceof Vec v ? Math.max(bytes, v.bytes()) : bytes;
        }
        return Math.max(bytes, 16);
    }

    private static boolean sizesFit(Op op, int vector, Operand reg, Vec v, Operand rm) {
        boolean fit = vector >= op.minBytes;
        fit &= !(reg instanceof Vec x) || x.bytes() == (op.form == Form.NARROW ? Math.max(16, vector / 2) : vector);
        fit &= v == null || v.bytes() == vector;
        fit &= !(rm instanceof Vec x) || x.bytes() == Math.max(16, op.tuple.bytes(vector));
        fit &= !(rm instanceof Mem m) || !m.broadcast() || op.tuple.broadcastBytes() != 0 && op.kind != Op.Kind.VEX;
        return fit && (vector == 16 || op.form != Form.RG && op.form != Form.GR);
    }

    /// Whether only the destination has a mask.
    private static boolean masksFit(Operand[] operands) {
        for (int i = 1; i < operands.length; i++) {
            if (operands[i] instanceof Vec v && v.mask() != Mask.K0
                    || operands[i] instanceof Mem m && m.mask() != Mask.K0) {
                return false;
            }
        }
        return true;
    }

    private static boolean needsEvex(int vector, Operand[] operands) {
        boolean needs = vector == 64;
        for (Operand operand : operands) {
            needs |= operand instanceof Vec v && (v.number() > 15 || v.mask() != Mask.K0)
                    || operand instanceof Mem m && (m.broadcast() || m.mask() != Mask.K0);
        }
        return needs;
    }

    private static void require(boolean holds, Op op, Operand[] operands) {
        if (!holds) {
            throw new IllegalArgumentException(op + " cannot take " + Arrays.toString(operands));
        }
    }

    /// Bit 3 of the register in `rm`, or of its base.
    private static int b(Operand rm) {
        return rm == null ? 0 : rm instanceof Mem m ? m.base().number() >> 3 : number(rm) >> 3 & 1;
    }

    /// Bit 3 of the index; with EVEX bit 4 of the register in `rm`.
    private static int x(Operand rm) {
        if (rm instanceof Mem m) {
            return m.scale() == 0 ? 0 : m.index().number() >> 3;
        }
        return rm instanceof Vec v ? v.number() >> 4 : 0;
    }

    private void vex(Op op, int reg, int v, Operand rm, int vector) {
        int length = vector == 32 ? 1 : 0;
        int lowBits = (~v & 15) << 3 | length << 2 | op.prefix;
        int notR = (~reg >> 3 & 1) << 7;
        if (op.map == 1 && op.w == 0 && b(rm) == 0 && x(rm) == 0) {
            out.u8(0xc5);
            out.u8(notR | lowBits);
        } else {
            out.u8(0xc4);
            out.u8(notR | (~x(rm) & 1) << 6 | (~b(rm) & 1) << 5 | op.map);
            out.u8(op.w << 7 | lowBits);
        }
    }

    private void evex(Op op, int reg, int v, Operand rm, int vector, Operand destination, boolean broadcast) {
        int mask = destination instanceof Vec d ? d.mask().number() : destination instanceof Mem m
                ? m.mask().number() : 0;
        int zeroing = destination instanceof Vec d && d.zeroing() ? 1 : 0;
        int length = vector == 64 ? 2 : vector == 32 ? 1 : 0;
        out.u8(0x62);
        out.u8((~reg >> 3 & 1) << 7 | (~x(rm) & 1) << 6 | (~b(rm) & 1) << 5 | (~reg >> 4 & 1) << 4 | op.map);
        out.u8(op.evexW << 7 | (~v & 15) << 3 | 4 | op.prefix);
        out.u8(zeroing << 7 | length << 5 | (broadcast ? 1 : 0) << 4 | (~v >> 4 & 1) << 3 | mask);
    }

    /// Writes ModRM, SIB and displacement of a memory operand.
    ///
    /// @param n the unit of an 8-bit displacement
    void memory(int reg, Mem m, int n) {
        int base = m.base().number() & 7;
        boolean needsSib = m.scale() != 0 || base == Gpr.RSP.number();
        boolean none = m.displacement() == 0 && base != Gpr.RBP.number();
        int scaled = m.displacement() / n;
        boolean isShort = m.displacement() % n == 0 && scaled == (byte) scaled;
        int mod = none ? 0 : isShort ? 1 : 2;
        out.u8(mod << 6 | (reg & 7) << 3 | (needsSib ? 4 : base));
        if (needsSib) {
            int index = m.scale() == 0 ? 4 : m.index().number() & 7;
            int scale = m.scale() == 0 ? 0 : Integer.numberOfTrailingZeros(m.scale());
            out.u8(scale << 6 | index << 3 | base);
        }
        switch (mod) {
            case 1 -> out.u8(scaled);
            case 2 -> out.i32(m.displacement());
            default -> { }
        }
    }

    /// A growing byte array.
    static final class ByteBuilder {
        private byte[] bytes = new byte[512];
        private int size;

        int size() {
            return size;
        }

        void u8(int value) {
            if (size == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * size);
            }
            bytes[size++] = (byte) value;
        }

        void i32(int value) {
            for (int shift = 0; shift < 32; shift += 8) {
                u8(value >> shift);
            }
        }

        /// Overwrites four bytes.
        void i32At(int at, int value) {
            for (int i = 0; i < 4; i++) {
                bytes[at + i] = (byte) (value >> 8 * i);
            }
        }

        byte[] toArray() {
            return Arrays.copyOf(bytes, size);
        }
    }
}
