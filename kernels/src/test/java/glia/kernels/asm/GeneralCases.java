package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;

import glia.kernels.asm.AmxAssembler.Tile;
import java.util.List;

/// The instructions on general registers, with all of them and with awkward memory.
final class GeneralCases {
    private GeneralCases() { }

    /// The lower half of a register.
    static String name32(Gpr g) {
        return g.number() < 8 ? "e" + g.toString().substring(1) : g + "d";
    }

    private static String name16(Gpr g) {
        return g.number() < 8 ? g.toString().substring(1) : g + "w";
    }

    private static String name8(Gpr g) {
        String two = name16(g).substring(0, 2);
        return g.number() < 4 ? two.charAt(0) + "l" : g.number() < 8 ? two + "l" : g + "b";
    }

    static void addTo(List<Cases.Case> cases) {
        for (Gpr g : Gpr.values()) {
            Gpr other = Gpr.values()[(g.ordinal() * 7 + 5) % 16];
            cases.add(Cases.general("mov " + g + ", " + other, a -> a.mov(g, other)));
            cases.add(Cases.general("mov " + name32(g) + ", " + name32(other), a -> a.mov32(g, other)));
            cases.add(Cases.general("add " + g + ", " + other, a -> a.add(g, other)));
            cases.add(Cases.general("sub " + g + ", " + other, a -> a.sub(g, other)));
            cases.add(Cases.general("cmp " + g + ", " + other, a -> a.cmp(g, other)));
            cases.add(Cases.general("test " + g + ", " + other, a -> a.test(g, other)));
            cases.add(Cases.general("xor " + g + ", " + other, a -> a.xor(g, other)));
            cases.add(Cases.general("imul " + g + ", " + other, a -> a.imul(g, other)));
            cases.add(Cases.general("inc " + g, a -> a.inc(g)));
            cases.add(Cases.general("dec " + g, a -> a.dec(g)));
            cases.add(Cases.general("shl " + g + ", 3", a -> a.shl(g, 3)));
            cases.add(Cases.general("shl " + g + ", cl", a -> a.shlByCl(g)));
            cases.add(Cases.general("shr " + g + ", 63", a -> a.shr(g, 63)));
            cases.add(Cases.general("mov " + g + ", 0x123456789abcdef", a -> a.mov(g, 0x123456789abcdefL)));
            cases.add(Cases.general("mov " + g + ", -7", a -> a.mov(g, -7)));
            for (int value : new int[] {5, -128}) {
                cases.add(Cases.general("add " + g + ", " + value, a -> a.add(g, value)));
                cases.add(Cases.general("cmp " + g + ", " + value, a -> a.cmp(g, value)));
            }
        }
        // RAX has a shorter form for a 32-bit value, which `Assembler` does not use.
        for (int value : new int[] {128, 70_000, -129}) {
            cases.add(Cases.general("add r9, " + value, a -> a.add(Gpr.R9, value)));
            cases.add(Cases.general("sub rcx, " + value, a -> a.sub(Gpr.RCX, value)));
            cases.add(Cases.general("cmp r12, " + value, a -> a.cmp(Gpr.R12, value)));
            cases.add(Cases.general("and rsi, " + value, a -> a.and(Gpr.RSI, value)));
        }
        int i = 0;
        for (Mem m : Cases.memories(8)) {
            Gpr g = Gpr.values()[i++ % 16];
            cases.add(Cases.general("mov " + g + ", " + m, a -> a.mov(g, m)));
            cases.add(Cases.general("mov " + m + ", " + g, a -> a.mov(m, g)));
            cases.add(Cases.general("mov " + name32(g) + ", " + m, a -> a.mov32(g, m)));
            cases.add(Cases.general("mov " + m + ", " + name32(g), a -> a.mov32(m, g)));
            cases.add(Cases.general("lea " + g + ", " + m, a -> a.lea(g, m)));
            cases.add(Cases.general("add " + g + ", " + m, a -> a.add(g, m)));
            cases.add(Cases.general("cmp " + g + ", " + m, a -> a.cmp(g, m)));
            cases.add(Cases.general("movzx " + name32(g) + ", byte ptr " + m, a -> a.movzxByte(g, m)));
            cases.add(Cases.general("movzx " + name32(g) + ", word ptr " + m, a -> a.movzxShort(g, m)));
            cases.add(Cases.general("mov " + m + ", " + name16(g), a -> a.mov16(m, g)));
            cases.add(Cases.general("mov " + m + ", " + name8(g), a -> a.mov8(m, g)));
            cases.add(Cases.general("prefetcht0 " + m, a -> a.prefetch(Assembler.Cache.T0, m)));
            cases.add(Cases.general("prefetcht1 " + m, a -> a.prefetch(Assembler.Cache.T1, m)));
            cases.add(Cases.general("prefetcht2 " + m, a -> a.prefetch(Assembler.Cache.T2, m)));
            cases.add(Cases.general("prefetchnta " + m, a -> a.prefetch(Assembler.Cache.NTA, m)));
            cases.add(Cases.general("ldtilecfg " + m, a -> a.configureTiles(m)));
            Tile t = Tile.values()[i % 8];
            if (m.scale() != 0) {
                cases.add(Cases.general("tileloadd " + t + ", " + m, a -> a.load(t, m)));
                cases.add(Cases.general("tileloaddt1 " + t + ", " + m, a -> a.loadOnce(t, m)));
                cases.add(Cases.general("tilestored " + m + ", " + t, a -> a.store(m, t)));
            }
        }
        for (Tile t : Tile.values()) {
            Tile b = Tile.values()[(t.ordinal() * 3 + 1) % 8];
            Tile c = Tile.values()[(t.ordinal() * 5 + 2) % 8];
            cases.add(Cases.general("tilezero " + t, a -> a.zero(t)));
            cases.add(Cases.general("tdpbssd " + t + ", " + b + ", " + c, a -> a.addByteProducts(t, b, c)));
            cases.add(Cases.general("tdpbf16ps " + t + ", " + b + ", " + c, a -> a.addBf16Products(t, b, c)));
        }
        cases.add(Cases.general("tilerelease", AmxAssembler::releaseTiles));
        cases.add(Cases.general("push rbx", a -> a.push(Gpr.RBX)));
        cases.add(Cases.general("pop rbx", a -> a.pop(Gpr.RBX)));
        cases.add(Cases.general("push r14", a -> a.push(Gpr.R14)));
        cases.add(Cases.general("pop r14", a -> a.pop(Gpr.R14)));
        cases.add(Cases.general("ret", Assembler::ret));
        cases.add(Cases.general("cpuid", Assembler::cpuid));
        cases.add(Cases.general("xgetbv", Assembler::xgetbv));
    }
}
