package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;

import java.util.Locale;

/// The vector and mask instructions, one a line, with the encoding as in Intel's manual (volume 2): prefix, map and W
/// (WE: 1 with EVEX only); opcode; `/digit` if part of the opcode is in the ModRM byte; `ib` if an immediate byte
/// follows; the opcode of the store form, if there is one. To add an instruction, add a line here and its bytes to the
/// test's list.
///
/// The names are Intel's; a suffix distinguishes encodings with the same name: `_TO` moves from a vector or mask to
/// memory or a general register, `_GPR` moves from one, `_VEX` is the form without AVX-512.
public enum Op {
    // moves
    VMOVUPS(Kind.ANY, "NP.0F.W0 10, store 11", Form.RM, TupleType.WHOLE),
    VMOVUPD(Kind.ANY, "66.0F.WE 10, store 11", Form.RM, TupleType.WHOLE),
    VMOVDQU(Kind.VEX, "F3.0F.W0 6F, store 7F", Form.RM, TupleType.WHOLE),
    VMOVDQU8(Kind.EVEX, "F2.0F.W0 6F, store 7F", Form.RM, TupleType.WHOLE),
    VMOVDQU16(Kind.EVEX, "F2.0F.W1 6F, store 7F", Form.RM, TupleType.WHOLE),
    VMOVDQU32(Kind.EVEX, "F3.0F.W0 6F, store 7F", Form.RM, TupleType.WHOLE),
    VMOVD(Kind.ANY, "66.0F.W0 6E", Form.RG, TupleType.BYTES4),
    VMOVD_TO(Kind.ANY, "66.0F.W0 7E", Form.GR, TupleType.BYTES4),
    VPBROADCASTB(Kind.ANY, "66.0F38.W0 78", Form.RM, TupleType.BYTES1),
    VPBROADCASTW(Kind.ANY, "66.0F38.W0 79", Form.RM, TupleType.BYTES2),
    VPBROADCASTD(Kind.ANY, "66.0F38.W0 58", Form.RM, TupleType.BYTES4),
    VPBROADCASTD_GPR(Kind.EVEX, "66.0F38.W0 7C", Form.BG, TupleType.BYTES4),
    VPBROADCASTB_GPR(Kind.EVEX, "66.0F38.W0 7A", Form.BG, TupleType.BYTES1),
    VBROADCASTSS(Kind.ANY, "66.0F38.W0 18", Form.RM, TupleType.BYTES4),
    VBROADCASTF128(Kind.VEX, "66.0F38.W0 1A", Form.RM, TupleType.BYTES16),
    VMASKMOVPS(Kind.VEX, "66.0F38.W0 2C, store 2E", Form.RVN, TupleType.WHOLE),
    VMOVMSKPS(Kind.VEX, "NP.0F.W0 50", Form.GV, TupleType.WHOLE),
    VBROADCASTI32X4(Kind.EVEX, "66.0F38.W0 5A", Form.RM, TupleType.BYTES16),

    // dot products
    VPDPBUSD(Kind.EVEX, "66.0F38.W0 50", Form.RVM, TupleType.FULL),
    VPDPBUSD_VEX(Kind.VEX, "66.0F38.W0 50", Form.RVM, TupleType.FULL),
    VPDPWSSD(Kind.EVEX, "66.0F38.W0 52", Form.RVM, TupleType.FULL),
    VDPBF16PS(Kind.EVEX, "F3.0F38.W0 52", Form.RVM, TupleType.FULL),
    VPMADDUBSW(Kind.ANY, "66.0F38.W0 04", Form.RVM, TupleType.WHOLE),
    VPMADDWD(Kind.ANY, "66.0F.W0 F5", Form.RVM, TupleType.WHOLE),
    VPSIGNB(Kind.VEX, "66.0F38.W0 08", Form.RVM, TupleType.WHOLE),

    // floats
    VFMADD132PS(Kind.ANY, "66.0F38.W0 98", Form.RVM, TupleType.FULL),
    VFMADD213PS(Kind.ANY, "66.0F38.W0 A8", Form.RVM, TupleType.FULL),
    VFMADD231PS(Kind.ANY, "66.0F38.W0 B8", Form.RVM, TupleType.FULL),
    VFMSUB231PS(Kind.ANY, "66.0F38.W0 BA", Form.RVM, TupleType.FULL),
    VFNMADD231PS(Kind.ANY, "66.0F38.W0 BC", Form.RVM, TupleType.FULL),
    VADDPS(Kind.ANY, "NP.0F.W0 58", Form.RVM, TupleType.FULL),
    VSUBPS(Kind.ANY, "NP.0F.W0 5C", Form.RVM, TupleType.FULL),
    VMULPS(Kind.ANY, "NP.0F.W0 59", Form.RVM, TupleType.FULL),
    VDIVPS(Kind.ANY, "NP.0F.W0 5E", Form.RVM, TupleType.FULL),
    VMINPS(Kind.ANY, "NP.0F.W0 5D", Form.RVM, TupleType.FULL),
    VMAXPS(Kind.ANY, "NP.0F.W0 5F", Form.RVM, TupleType.FULL),
    VSQRTPS(Kind.ANY, "NP.0F.W0 51", Form.RM, TupleType.FULL),
    VANDPS(Kind.ANY, "NP.0F.W0 54", Form.RVM, TupleType.FULL),
    VANDNPS(Kind.ANY, "NP.0F.W0 55", Form.RVM, TupleType.FULL),
    VORPS(Kind.ANY, "NP.0F.W0 56", Form.RVM, TupleType.FULL),
    VXORPS(Kind.ANY, "NP.0F.W0 57", Form.RVM, TupleType.FULL),
    VSCALEFPS(Kind.EVEX, "66.0F38.W0 2C", Form.RVM, TupleType.FULL),
    VRNDSCALEPS(Kind.EVEX, "66.0F3A.W0 08 ib", Form.RM, TupleType.FULL),
    VROUNDPS(Kind.VEX, "66.0F3A.W0 08 ib", Form.RM, TupleType.FULL),
    VCMPPS(Kind.EVEX, "NP.0F.W0 C2 ib", Form.KVM, TupleType.FULL),
    VCMPPS_VEX(Kind.VEX, "NP.0F.W0 C2 ib", Form.RVM, TupleType.FULL),
    VBLENDVPS(Kind.VEX, "66.0F3A.W0 4A", Form.RVMR, TupleType.WHOLE),

    // 64-bit floats
    VFMADD231PD(Kind.ANY, "66.0F38.W1 B8", Form.RVM, TupleType.FULL64),
    VADDPD(Kind.ANY, "66.0F.WE 58", Form.RVM, TupleType.FULL64),
    VSUBPD(Kind.ANY, "66.0F.WE 5C", Form.RVM, TupleType.FULL64),
    VMULPD(Kind.ANY, "66.0F.WE 59", Form.RVM, TupleType.FULL64),
    VDIVPD(Kind.ANY, "66.0F.WE 5E", Form.RVM, TupleType.FULL64),
    VSQRTPD(Kind.ANY, "66.0F.WE 51", Form.RM, TupleType.FULL64),
    VBROADCASTSD(Kind.ANY, "66.0F38.WE 19", Form.RM, TupleType.BYTES8, 32),
    VCMPPD(Kind.EVEX, "66.0F.W1 C2 ib", Form.KVM, TupleType.FULL64),
    VCMPPD_VEX(Kind.VEX, "66.0F.W0 C2 ib", Form.RVM, TupleType.FULL64),

    // conversions
    VCVTDQ2PS(Kind.ANY, "NP.0F.W0 5B", Form.RM, TupleType.FULL),
    VCVTPS2DQ(Kind.ANY, "66.0F.W0 5B", Form.RM, TupleType.FULL),
    VCVTTPS2DQ(Kind.ANY, "F3.0F.W0 5B", Form.RM, TupleType.FULL),
    VCVTDQ2PD(Kind.ANY, "F3.0F.W0 E6", Form.RM, TupleType.HALF),
    VCVTPS2PD(Kind.ANY, "NP.0F.W0 5A", Form.RM, TupleType.HALF),
    VCVTPD2PS(Kind.ANY, "66.0F.WE 5A", Form.NARROW, TupleType.WHOLE),
    VCVTPH2PS(Kind.ANY, "66.0F38.W0 13", Form.RM, TupleType.HALF),
    VCVTPS2PH(Kind.ANY, "66.0F3A.W0 1D ib", Form.MR, TupleType.HALF),
    VCVTNE2PS2BF16(Kind.EVEX, "F2.0F38.W0 72", Form.RVM, TupleType.FULL),
    VPMOVZXBD(Kind.ANY, "66.0F38.W0 31", Form.RM, TupleType.QUARTER),
    VPMOVSXBD(Kind.ANY, "66.0F38.W0 21", Form.RM, TupleType.QUARTER),
    VPMOVZXBW(Kind.ANY, "66.0F38.W0 30", Form.RM, TupleType.HALF),
    VPMOVSXBW(Kind.ANY, "66.0F38.W0 20", Form.RM, TupleType.HALF),
    VPMOVZXWD(Kind.ANY, "66.0F38.W0 33", Form.RM, TupleType.HALF),
    VPMOVSXWD(Kind.ANY, "66.0F38.W0 23", Form.RM, TupleType.HALF),
    VPMOVSXDQ(Kind.ANY, "66.0F38.W0 25", Form.RM, TupleType.HALF),
    VPMOVDB(Kind.EVEX, "F3.0F38.W0 31", Form.MR, TupleType.QUARTER),
    VPMOVSDB(Kind.EVEX, "F3.0F38.W0 21", Form.MR, TupleType.QUARTER),
    VPMOVDW(Kind.EVEX, "F3.0F38.W0 33", Form.MR, TupleType.HALF),
    VPACKUSDW(Kind.VEX, "66.0F38.W0 2B", Form.RVM, TupleType.WHOLE),
    VPACKSSDW(Kind.ANY, "66.0F.W0 6B", Form.RVM, TupleType.FULL),
    VPACKSSWB(Kind.ANY, "66.0F.W0 63", Form.RVM, TupleType.WHOLE),

    // bits
    VPANDD(Kind.EVEX, "66.0F.W0 DB", Form.RVM, TupleType.FULL),
    VPANDND(Kind.EVEX, "66.0F.W0 DF", Form.RVM, TupleType.FULL),
    VPORD(Kind.EVEX, "66.0F.W0 EB", Form.RVM, TupleType.FULL),
    VPXORD(Kind.EVEX, "66.0F.W0 EF", Form.RVM, TupleType.FULL),
    VPTERNLOGD(Kind.EVEX, "66.0F3A.W0 25 ib", Form.RVM, TupleType.FULL),
    VPAND(Kind.VEX, "66.0F.W0 DB", Form.RVM, TupleType.WHOLE),
    VPANDN(Kind.VEX, "66.0F.W0 DF", Form.RVM, TupleType.WHOLE),
    VPOR(Kind.VEX, "66.0F.W0 EB", Form.RVM, TupleType.WHOLE),
    VPXOR(Kind.VEX, "66.0F.W0 EF", Form.RVM, TupleType.WHOLE),
    VPSRLW(Kind.ANY, "66.0F.W0 71 /2 ib", Form.VM, TupleType.WHOLE),
    VPSLLW(Kind.ANY, "66.0F.W0 71 /6 ib", Form.VM, TupleType.WHOLE),
    VPSRAW(Kind.ANY, "66.0F.W0 71 /4 ib", Form.VM, TupleType.WHOLE),
    VPSRLD(Kind.ANY, "66.0F.W0 72 /2 ib", Form.VM, TupleType.FULL),
    VPSLLD(Kind.ANY, "66.0F.W0 72 /6 ib", Form.VM, TupleType.FULL),
    VPSRAD(Kind.ANY, "66.0F.W0 72 /4 ib", Form.VM, TupleType.FULL),
    VPSRLVD(Kind.ANY, "66.0F38.W0 45", Form.RVM, TupleType.FULL),
    VPSLLVD(Kind.ANY, "66.0F38.W0 47", Form.RVM, TupleType.FULL),

    // integers
    VPADDB(Kind.ANY, "66.0F.W0 FC", Form.RVM, TupleType.WHOLE),
    VPADDW(Kind.ANY, "66.0F.W0 FD", Form.RVM, TupleType.WHOLE),
    VPADDD(Kind.ANY, "66.0F.W0 FE", Form.RVM, TupleType.FULL),
    VPSUBB(Kind.ANY, "66.0F.W0 F8", Form.RVM, TupleType.WHOLE),
    VPSUBW(Kind.ANY, "66.0F.W0 F9", Form.RVM, TupleType.WHOLE),
    VPSUBD(Kind.ANY, "66.0F.W0 FA", Form.RVM, TupleType.FULL),
    VPMULLW(Kind.ANY, "66.0F.W0 D5", Form.RVM, TupleType.WHOLE),
    VPMULHRSW(Kind.ANY, "66.0F38.W0 0B", Form.RVM, TupleType.WHOLE),
    VPMULLD(Kind.ANY, "66.0F38.W0 40", Form.RVM, TupleType.FULL),
    VPABSB(Kind.ANY, "66.0F38.W0 1C", Form.RM, TupleType.WHOLE),
    VPMAXSD(Kind.ANY, "66.0F38.W0 3D", Form.RVM, TupleType.FULL),
    VPMINSD(Kind.ANY, "66.0F38.W0 39", Form.RVM, TupleType.FULL),
    VPCMPEQB(Kind.VEX, "66.0F.W0 74", Form.RVM, TupleType.WHOLE),
    VPCMPEQD(Kind.VEX, "66.0F.W0 76", Form.RVM, TupleType.WHOLE),
    VPTEST(Kind.VEX, "66.0F38.W0 17", Form.RM, TupleType.WHOLE),
    VPCMPGTD(Kind.VEX, "66.0F.W0 66", Form.RVM, TupleType.WHOLE),

    // lanes
    VPSHUFB(Kind.ANY, "66.0F38.W0 00", Form.RVM, TupleType.WHOLE),
    VPSHUFD(Kind.ANY, "66.0F.W0 70 ib", Form.RM, TupleType.FULL),
    VPERMD(Kind.ANY, "66.0F38.W0 36", Form.RVM, TupleType.FULL, 32),
    VPERMPS(Kind.ANY, "66.0F38.W0 16", Form.RVM, TupleType.FULL, 32),
    VPERMQ(Kind.ANY, "66.0F3A.W1 00 ib", Form.RM, TupleType.FULL64, 32),
    VSHUFPS(Kind.ANY, "NP.0F.W0 C6 ib", Form.RVM, TupleType.FULL),
    VUNPCKLPS(Kind.ANY, "NP.0F.W0 14", Form.RVM, TupleType.FULL),
    VUNPCKHPS(Kind.ANY, "NP.0F.W0 15", Form.RVM, TupleType.FULL),
    VPUNPCKLDQ(Kind.ANY, "66.0F.W0 62", Form.RVM, TupleType.FULL),
    VPUNPCKHDQ(Kind.ANY, "66.0F.W0 6A", Form.RVM, TupleType.FULL),
    VSHUFF32X4(Kind.EVEX, "66.0F3A.W0 23 ib", Form.RVM, TupleType.FULL, 32),
    VSHUFI32X4(Kind.EVEX, "66.0F3A.W0 43 ib", Form.RVM, TupleType.FULL, 32),
    VPERM2F128(Kind.VEX, "66.0F3A.W0 06 ib", Form.RVM, TupleType.WHOLE, 32),
    VEXTRACTF128(Kind.VEX, "66.0F3A.W0 19 ib", Form.MR, TupleType.BYTES16, 32),
    VINSERTF128(Kind.VEX, "66.0F3A.W0 18 ib", Form.RVM, TupleType.BYTES16, 32),
    VEXTRACTF32X4(Kind.EVEX, "66.0F3A.W0 19 ib", Form.MR, TupleType.BYTES16, 32),
    VEXTRACTF64X4(Kind.EVEX, "66.0F3A.W1 1B ib", Form.MR, TupleType.BYTES32, 64),
    VINSERTF64X4(Kind.EVEX, "66.0F3A.W1 1A ib", Form.RVM, TupleType.BYTES32, 64),

    // masks
    KMOVW(Kind.VEX, "NP.0F.W0 92", Form.KG, TupleType.BYTES4),
    KMOVD(Kind.VEX, "F2.0F.W0 92", Form.KG, TupleType.BYTES4),
    KMOVQ(Kind.VEX, "F2.0F.W1 92", Form.KG, TupleType.BYTES8),
    KMOVW_TO(Kind.VEX, "NP.0F.W0 93", Form.GK, TupleType.BYTES4),
    KORTESTW(Kind.VEX, "NP.0F.W0 98", Form.KK, TupleType.WHOLE),
    VPMOVD2M(Kind.EVEX, "F3.0F38.W0 39", Form.KM, TupleType.WHOLE),
    VPMOVM2D(Kind.EVEX, "F3.0F38.W0 38", Form.RK, TupleType.WHOLE),
    VPMOVM2B(Kind.EVEX, "F3.0F38.W0 28", Form.RK, TupleType.WHOLE),
    VPTESTMB(Kind.EVEX, "66.0F38.W0 26", Form.KVM, TupleType.WHOLE),
    VPTESTMD(Kind.EVEX, "66.0F38.W0 27", Form.KVM, TupleType.FULL),
    VZEROUPPER(Kind.VEX, "NP.0F.W0 77", Form.NONE, TupleType.WHOLE);

    /// The prefixes with which an instruction exists.
    enum Kind {
        /// VEX: up to 32 bytes and register 15, without masks and broadcasts.
        VEX,
        /// EVEX (AVX-512).
        EVEX,
        /// Both: VEX is used where possible, since it is shorter and runs on more processors.
        ANY
    }

    final Kind kind;
    final Form form;
    final TupleType tuple;
    /// 0 none, 1 for 66, 2 for F3, 3 for F2.
    final int prefix;
    /// 1 for 0F, 2 for 0F38, 3 for 0F3A.
    final int map;
    final int w;
    final int evexW;
    final int opcode;
    /// The opcode with memory as destination, or -1.
    final int storeOpcode;
    /// The part of the opcode in the ModRM byte.
    final int digit;
    final boolean hasImmediate;
    /// The minimal vector width, in bytes.
    final int minBytes;

    Op(Kind kind, String encoding, Form form, TupleType tuple) {
        this(kind, encoding, form, tuple, 16);
    }

    Op(Kind kind, String encoding, Form form, TupleType tuple, int minBytes) {
        this.kind = kind;
        this.form = form;
        this.tuple = tuple;
        this.minBytes = minBytes;
        int space = encoding.indexOf(' ');
        String where = encoding.substring(0, space);
        prefix = where.startsWith("66") ? 1 : where.startsWith("F3") ? 2 : where.startsWith("F2") ? 3 : 0;
        map = where.contains("0F38") ? 2 : where.contains("0F3A") ? 3 : 1;
        w = where.endsWith("W1") ? 1 : 0;
        evexW = where.endsWith("WE") ? 1 : w;
        opcode = Integer.parseInt(encoding, space + 1, space + 3, 16);
        int store = encoding.indexOf("store ");
        storeOpcode = store < 0 ? -1 : Integer.parseInt(encoding, store + 6, store + 8, 16);
        int slash = encoding.indexOf('/');
        digit = slash < 0 ? 0 : encoding.charAt(slash + 1) - '0';
        hasImmediate = encoding.endsWith("ib");
    }

    /// The name used by assemblers.
    String mnemonic() {
        int suffix = name().indexOf('_');
        return (suffix < 0 ? name() : name().substring(0, suffix)).toLowerCase(Locale.ROOT);
    }

    /// The operands of an instruction and their encoding: `reg` and `rm` in the ModRM byte, `v` in the prefix.
    enum Form {
        /// vec ← vec, vec/mem
        RVM(Vec.class, true, Vec.class, false),
        /// vec ← vec, vec/mem, vec: the last register is in the immediate byte
        RVMR(Vec.class, true, Vec.class, false),
        /// vec ← vec, mem
        RVN(Vec.class, true, Mem.class, false),
        /// vec ← vec/mem
        RM(Vec.class, false, Vec.class, false),
        /// vec of half the size ← vec
        NARROW(Vec.class, false, Vec.class, false),
        /// vec/mem ← vec
        MR(Vec.class, false, Vec.class, true),
        /// vec ← vec/mem, with part of the opcode in `reg`
        VM(null, true, Vec.class, false),
        /// mask ← vec, vec/mem
        KVM(Mask.class, true, Vec.class, false),
        /// flags ← mask, mask
        KK(Mask.class, false, Mask.class, false),
        /// mask ← vec
        KM(Mask.class, false, Vec.class, false),
        /// vec ← mask
        RK(Vec.class, false, Mask.class, false),
        /// mask ← general register
        KG(Mask.class, false, Gpr.class, false),
        /// general register ← mask
        GK(Gpr.class, false, Mask.class, false),
        /// general register ← vec
        GV(Gpr.class, false, Vec.class, false),
        /// vec ← general register/mem
        RG(Vec.class, false, Gpr.class, false),
        /// vec ← general register
        BG(Vec.class, false, Gpr.class, false),
        /// general register/mem ← vec
        GR(Vec.class, false, Gpr.class, true),
        /// nothing
        NONE(null, false, null, false);

        final Class<? extends Operand> reg;
        final boolean hasV;
        final Class<? extends Operand> rm;
        /// Whether the first operand is `rm` and the last is `reg`.
        final boolean rmFirst;

        Form(Class<? extends Operand> reg, boolean hasV, Class<? extends Operand> rm, boolean rmFirst) {
            this.reg = reg;
            this.hasV = hasV;
            this.rm = rm;
            this.rmFirst = rmFirst;
        }

        /// The number of operands, without a numeric immediate.
        int numOperands() {
            return (reg == null ? 0 : 1) + (hasV ? 1 : 0) + (rm == null ? 0 : 1) + (this == RVMR ? 1 : 0);
        }

        /// Whether `rm` may be a memory operand.
        boolean takesMemory() {
            return rm == Vec.class && this != KM && this != NARROW && this != GV || rm == Mem.class || this == RG
                    || this == GR;
        }
    }

    /// The size of an instruction's memory operand, which is the unit of EVEX's 8-bit displacement ("disp8*N"). A
    /// register in its place has the same size, but at least that of an xmm. Intel's manual, volume 2, section 2.7.5.
    enum TupleType {
        /// The whole vector, or a 32-bit broadcast.
        FULL,
        /// The whole vector, or a 64-bit broadcast.
        FULL64,
        /// The whole vector, never broadcast.
        WHOLE,
        HALF, QUARTER, EIGHTH,
        BYTES1, BYTES2, BYTES4, BYTES8, BYTES16, BYTES32;

        /// @param vector the width of the instruction's vectors in bytes
        int bytes(int vector) {
            return switch (this) {
                case FULL, FULL64, WHOLE -> vector;
                case HALF -> vector / 2;
                case QUARTER -> vector / 4;
                case EIGHTH -> vector / 8;
                case BYTES1 -> 1;
                case BYTES2 -> 2;
                case BYTES4 -> 4;
                case BYTES8 -> 8;
                case BYTES16 -> 16;
                case BYTES32 -> 32;
            };
        }

        /// Size of a broadcast value in bytes, 0 without a broadcast.
        int broadcastBytes() {
            return this == FULL ? 4 : this == FULL64 ? 8 : 0;
        }
    }
}
