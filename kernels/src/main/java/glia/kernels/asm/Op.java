package glia.kernels.asm;

import java.util.Locale;

/// The vector and mask instructions, one line each, with the encoding as Intel's manual (volume 2) writes it:
/// prefix, map and W (WE: 1 with EVEX alone); opcode; `/digit` where part of the opcode lies in the ModRM byte; `ib`
/// where a byte follows; the opcode that stores, where there is one. A new instruction is one more line, and its bytes
/// in the test's list.
///
/// The names are Intel's; a suffix tells apart what Intel gives one name: `_TO` goes from a vector or mask to memory or
/// a general register, `_GPR` comes from one, `_VEX` is the form without AVX-512.
public enum Op {
    // moves
    VMOVUPS(Kind.ANY, "NP.0F.W0 10, store 11", Form.RM, Tuple.WHOLE),
    VMOVUPD(Kind.ANY, "66.0F.WE 10, store 11", Form.RM, Tuple.WHOLE),
    VMOVDQU(Kind.VEX, "F3.0F.W0 6F, store 7F", Form.RM, Tuple.WHOLE),
    VMOVDQU8(Kind.EVEX, "F2.0F.W0 6F, store 7F", Form.RM, Tuple.WHOLE),
    VMOVDQU16(Kind.EVEX, "F2.0F.W1 6F, store 7F", Form.RM, Tuple.WHOLE),
    VMOVDQU32(Kind.EVEX, "F3.0F.W0 6F, store 7F", Form.RM, Tuple.WHOLE),
    VMOVD(Kind.ANY, "66.0F.W0 6E", Form.RG, Tuple.BYTES4),
    VMOVD_TO(Kind.ANY, "66.0F.W0 7E", Form.GR, Tuple.BYTES4),
    VPBROADCASTB(Kind.ANY, "66.0F38.W0 78", Form.RM, Tuple.BYTES1),
    VPBROADCASTW(Kind.ANY, "66.0F38.W0 79", Form.RM, Tuple.BYTES2),
    VPBROADCASTD(Kind.ANY, "66.0F38.W0 58", Form.RM, Tuple.BYTES4),
    VPBROADCASTD_GPR(Kind.EVEX, "66.0F38.W0 7C", Form.BG, Tuple.BYTES4),
    VPBROADCASTB_GPR(Kind.EVEX, "66.0F38.W0 7A", Form.BG, Tuple.BYTES1),
    VBROADCASTSS(Kind.ANY, "66.0F38.W0 18", Form.RM, Tuple.BYTES4),
    VBROADCASTF128(Kind.VEX, "66.0F38.W0 1A", Form.RM, Tuple.BYTES16),
    VMASKMOVPS(Kind.VEX, "66.0F38.W0 2C, store 2E", Form.RVN, Tuple.WHOLE),
    VMOVMSKPS(Kind.VEX, "NP.0F.W0 50", Form.GV, Tuple.WHOLE),
    VBROADCASTI32X4(Kind.EVEX, "66.0F38.W0 5A", Form.RM, Tuple.BYTES16),

    // dot products
    VPDPBUSD(Kind.EVEX, "66.0F38.W0 50", Form.RVM, Tuple.FULL),
    VPDPBUSD_VEX(Kind.VEX, "66.0F38.W0 50", Form.RVM, Tuple.FULL),
    VPDPWSSD(Kind.EVEX, "66.0F38.W0 52", Form.RVM, Tuple.FULL),
    VDPBF16PS(Kind.EVEX, "F3.0F38.W0 52", Form.RVM, Tuple.FULL),
    VPMADDUBSW(Kind.ANY, "66.0F38.W0 04", Form.RVM, Tuple.WHOLE),
    VPMADDWD(Kind.ANY, "66.0F.W0 F5", Form.RVM, Tuple.WHOLE),
    VPSIGNB(Kind.VEX, "66.0F38.W0 08", Form.RVM, Tuple.WHOLE),

    // floats
    VFMADD132PS(Kind.ANY, "66.0F38.W0 98", Form.RVM, Tuple.FULL),
    VFMADD213PS(Kind.ANY, "66.0F38.W0 A8", Form.RVM, Tuple.FULL),
    VFMADD231PS(Kind.ANY, "66.0F38.W0 B8", Form.RVM, Tuple.FULL),
    VFMSUB231PS(Kind.ANY, "66.0F38.W0 BA", Form.RVM, Tuple.FULL),
    VFNMADD231PS(Kind.ANY, "66.0F38.W0 BC", Form.RVM, Tuple.FULL),
    VADDPS(Kind.ANY, "NP.0F.W0 58", Form.RVM, Tuple.FULL),
    VSUBPS(Kind.ANY, "NP.0F.W0 5C", Form.RVM, Tuple.FULL),
    VMULPS(Kind.ANY, "NP.0F.W0 59", Form.RVM, Tuple.FULL),
    VDIVPS(Kind.ANY, "NP.0F.W0 5E", Form.RVM, Tuple.FULL),
    VMINPS(Kind.ANY, "NP.0F.W0 5D", Form.RVM, Tuple.FULL),
    VMAXPS(Kind.ANY, "NP.0F.W0 5F", Form.RVM, Tuple.FULL),
    VSQRTPS(Kind.ANY, "NP.0F.W0 51", Form.RM, Tuple.FULL),
    VANDPS(Kind.ANY, "NP.0F.W0 54", Form.RVM, Tuple.FULL),
    VANDNPS(Kind.ANY, "NP.0F.W0 55", Form.RVM, Tuple.FULL),
    VORPS(Kind.ANY, "NP.0F.W0 56", Form.RVM, Tuple.FULL),
    VXORPS(Kind.ANY, "NP.0F.W0 57", Form.RVM, Tuple.FULL),
    VSCALEFPS(Kind.EVEX, "66.0F38.W0 2C", Form.RVM, Tuple.FULL),
    VRNDSCALEPS(Kind.EVEX, "66.0F3A.W0 08 ib", Form.RM, Tuple.FULL),
    VROUNDPS(Kind.VEX, "66.0F3A.W0 08 ib", Form.RM, Tuple.FULL),
    VCMPPS(Kind.EVEX, "NP.0F.W0 C2 ib", Form.KVM, Tuple.FULL),
    VCMPPS_VEX(Kind.VEX, "NP.0F.W0 C2 ib", Form.RVM, Tuple.FULL),
    VBLENDVPS(Kind.VEX, "66.0F3A.W0 4A", Form.RVMR, Tuple.WHOLE),

    // floats of 64 bits
    VFMADD231PD(Kind.ANY, "66.0F38.W1 B8", Form.RVM, Tuple.FULL64),
    VADDPD(Kind.ANY, "66.0F.WE 58", Form.RVM, Tuple.FULL64),
    VSUBPD(Kind.ANY, "66.0F.WE 5C", Form.RVM, Tuple.FULL64),
    VMULPD(Kind.ANY, "66.0F.WE 59", Form.RVM, Tuple.FULL64),
    VDIVPD(Kind.ANY, "66.0F.WE 5E", Form.RVM, Tuple.FULL64),
    VSQRTPD(Kind.ANY, "66.0F.WE 51", Form.RM, Tuple.FULL64),
    VBROADCASTSD(Kind.ANY, "66.0F38.WE 19", Form.RM, Tuple.BYTES8, 32),
    VCMPPD(Kind.EVEX, "66.0F.W1 C2 ib", Form.KVM, Tuple.FULL64),
    VCMPPD_VEX(Kind.VEX, "66.0F.W0 C2 ib", Form.RVM, Tuple.FULL64),

    // conversions
    VCVTDQ2PS(Kind.ANY, "NP.0F.W0 5B", Form.RM, Tuple.FULL),
    VCVTPS2DQ(Kind.ANY, "66.0F.W0 5B", Form.RM, Tuple.FULL),
    VCVTTPS2DQ(Kind.ANY, "F3.0F.W0 5B", Form.RM, Tuple.FULL),
    VCVTDQ2PD(Kind.ANY, "F3.0F.W0 E6", Form.RM, Tuple.HALF),
    VCVTPS2PD(Kind.ANY, "NP.0F.W0 5A", Form.RM, Tuple.HALF),
    VCVTPD2PS(Kind.ANY, "66.0F.WE 5A", Form.NARROW, Tuple.WHOLE),
    VCVTPH2PS(Kind.ANY, "66.0F38.W0 13", Form.RM, Tuple.HALF),
    VCVTPS2PH(Kind.ANY, "66.0F3A.W0 1D ib", Form.MR, Tuple.HALF),
    VCVTNE2PS2BF16(Kind.EVEX, "F2.0F38.W0 72", Form.RVM, Tuple.FULL),
    VPMOVZXBD(Kind.ANY, "66.0F38.W0 31", Form.RM, Tuple.QUARTER),
    VPMOVSXBD(Kind.ANY, "66.0F38.W0 21", Form.RM, Tuple.QUARTER),
    VPMOVZXBW(Kind.ANY, "66.0F38.W0 30", Form.RM, Tuple.HALF),
    VPMOVSXBW(Kind.ANY, "66.0F38.W0 20", Form.RM, Tuple.HALF),
    VPMOVZXWD(Kind.ANY, "66.0F38.W0 33", Form.RM, Tuple.HALF),
    VPMOVSXWD(Kind.ANY, "66.0F38.W0 23", Form.RM, Tuple.HALF),
    VPMOVSXDQ(Kind.ANY, "66.0F38.W0 25", Form.RM, Tuple.HALF),
    VPMOVDB(Kind.EVEX, "F3.0F38.W0 31", Form.MR, Tuple.QUARTER),
    VPMOVSDB(Kind.EVEX, "F3.0F38.W0 21", Form.MR, Tuple.QUARTER),
    VPMOVDW(Kind.EVEX, "F3.0F38.W0 33", Form.MR, Tuple.HALF),
    VPACKUSDW(Kind.VEX, "66.0F38.W0 2B", Form.RVM, Tuple.WHOLE),
    VPACKSSDW(Kind.ANY, "66.0F.W0 6B", Form.RVM, Tuple.FULL),
    VPACKSSWB(Kind.ANY, "66.0F.W0 63", Form.RVM, Tuple.WHOLE),

    // bits
    VPANDD(Kind.EVEX, "66.0F.W0 DB", Form.RVM, Tuple.FULL),
    VPANDND(Kind.EVEX, "66.0F.W0 DF", Form.RVM, Tuple.FULL),
    VPORD(Kind.EVEX, "66.0F.W0 EB", Form.RVM, Tuple.FULL),
    VPXORD(Kind.EVEX, "66.0F.W0 EF", Form.RVM, Tuple.FULL),
    VPTERNLOGD(Kind.EVEX, "66.0F3A.W0 25 ib", Form.RVM, Tuple.FULL),
    VPAND(Kind.VEX, "66.0F.W0 DB", Form.RVM, Tuple.WHOLE),
    VPANDN(Kind.VEX, "66.0F.W0 DF", Form.RVM, Tuple.WHOLE),
    VPOR(Kind.VEX, "66.0F.W0 EB", Form.RVM, Tuple.WHOLE),
    VPXOR(Kind.VEX, "66.0F.W0 EF", Form.RVM, Tuple.WHOLE),
    VPSRLW(Kind.ANY, "66.0F.W0 71 /2 ib", Form.VM, Tuple.WHOLE),
    VPSLLW(Kind.ANY, "66.0F.W0 71 /6 ib", Form.VM, Tuple.WHOLE),
    VPSRAW(Kind.ANY, "66.0F.W0 71 /4 ib", Form.VM, Tuple.WHOLE),
    VPSRLD(Kind.ANY, "66.0F.W0 72 /2 ib", Form.VM, Tuple.FULL),
    VPSLLD(Kind.ANY, "66.0F.W0 72 /6 ib", Form.VM, Tuple.FULL),
    VPSRAD(Kind.ANY, "66.0F.W0 72 /4 ib", Form.VM, Tuple.FULL),
    VPSRLVD(Kind.ANY, "66.0F38.W0 45", Form.RVM, Tuple.FULL),
    VPSLLVD(Kind.ANY, "66.0F38.W0 47", Form.RVM, Tuple.FULL),

    // whole numbers
    VPADDB(Kind.ANY, "66.0F.W0 FC", Form.RVM, Tuple.WHOLE),
    VPADDW(Kind.ANY, "66.0F.W0 FD", Form.RVM, Tuple.WHOLE),
    VPADDD(Kind.ANY, "66.0F.W0 FE", Form.RVM, Tuple.FULL),
    VPSUBB(Kind.ANY, "66.0F.W0 F8", Form.RVM, Tuple.WHOLE),
    VPSUBW(Kind.ANY, "66.0F.W0 F9", Form.RVM, Tuple.WHOLE),
    VPSUBD(Kind.ANY, "66.0F.W0 FA", Form.RVM, Tuple.FULL),
    VPMULLW(Kind.ANY, "66.0F.W0 D5", Form.RVM, Tuple.WHOLE),
    VPMULHRSW(Kind.ANY, "66.0F38.W0 0B", Form.RVM, Tuple.WHOLE),
    VPMULLD(Kind.ANY, "66.0F38.W0 40", Form.RVM, Tuple.FULL),
    VPABSB(Kind.ANY, "66.0F38.W0 1C", Form.RM, Tuple.WHOLE),
    VPMAXSD(Kind.ANY, "66.0F38.W0 3D", Form.RVM, Tuple.FULL),
    VPMINSD(Kind.ANY, "66.0F38.W0 39", Form.RVM, Tuple.FULL),
    VPCMPEQB(Kind.VEX, "66.0F.W0 74", Form.RVM, Tuple.WHOLE),
    VPCMPEQD(Kind.VEX, "66.0F.W0 76", Form.RVM, Tuple.WHOLE),
    VPTEST(Kind.VEX, "66.0F38.W0 17", Form.RM, Tuple.WHOLE),
    VPCMPGTD(Kind.VEX, "66.0F.W0 66", Form.RVM, Tuple.WHOLE),

    // lanes
    VPSHUFB(Kind.ANY, "66.0F38.W0 00", Form.RVM, Tuple.WHOLE),
    VPSHUFD(Kind.ANY, "66.0F.W0 70 ib", Form.RM, Tuple.FULL),
    VPERMD(Kind.ANY, "66.0F38.W0 36", Form.RVM, Tuple.FULL, 32),
    VPERMPS(Kind.ANY, "66.0F38.W0 16", Form.RVM, Tuple.FULL, 32),
    VPERMQ(Kind.ANY, "66.0F3A.W1 00 ib", Form.RM, Tuple.FULL64, 32),
    VSHUFPS(Kind.ANY, "NP.0F.W0 C6 ib", Form.RVM, Tuple.FULL),
    VUNPCKLPS(Kind.ANY, "NP.0F.W0 14", Form.RVM, Tuple.FULL),
    VUNPCKHPS(Kind.ANY, "NP.0F.W0 15", Form.RVM, Tuple.FULL),
    VPUNPCKLDQ(Kind.ANY, "66.0F.W0 62", Form.RVM, Tuple.FULL),
    VPUNPCKHDQ(Kind.ANY, "66.0F.W0 6A", Form.RVM, Tuple.FULL),
    VSHUFF32X4(Kind.EVEX, "66.0F3A.W0 23 ib", Form.RVM, Tuple.FULL, 32),
    VSHUFI32X4(Kind.EVEX, "66.0F3A.W0 43 ib", Form.RVM, Tuple.FULL, 32),
    VPERM2F128(Kind.VEX, "66.0F3A.W0 06 ib", Form.RVM, Tuple.WHOLE, 32),
    VEXTRACTF128(Kind.VEX, "66.0F3A.W0 19 ib", Form.MR, Tuple.BYTES16, 32),
    VINSERTF128(Kind.VEX, "66.0F3A.W0 18 ib", Form.RVM, Tuple.BYTES16, 32),
    VEXTRACTF32X4(Kind.EVEX, "66.0F3A.W0 19 ib", Form.MR, Tuple.BYTES16, 32),
    VEXTRACTF64X4(Kind.EVEX, "66.0F3A.W1 1B ib", Form.MR, Tuple.BYTES32, 64),
    VINSERTF64X4(Kind.EVEX, "66.0F3A.W1 1A ib", Form.RVM, Tuple.BYTES32, 64),

    // masks
    KMOVW(Kind.VEX, "NP.0F.W0 92", Form.KG, Tuple.BYTES4),
    KMOVD(Kind.VEX, "F2.0F.W0 92", Form.KG, Tuple.BYTES4),
    KMOVQ(Kind.VEX, "F2.0F.W1 92", Form.KG, Tuple.BYTES8),
    KMOVW_TO(Kind.VEX, "NP.0F.W0 93", Form.GK, Tuple.BYTES4),
    KORTESTW(Kind.VEX, "NP.0F.W0 98", Form.KK, Tuple.WHOLE),
    VPMOVD2M(Kind.EVEX, "F3.0F38.W0 39", Form.KM, Tuple.WHOLE),
    VPMOVM2D(Kind.EVEX, "F3.0F38.W0 38", Form.RK, Tuple.WHOLE),
    VPMOVM2B(Kind.EVEX, "F3.0F38.W0 28", Form.RK, Tuple.WHOLE),
    VPTESTMB(Kind.EVEX, "66.0F38.W0 26", Form.KVM, Tuple.WHOLE),
    VPTESTMD(Kind.EVEX, "66.0F38.W0 27", Form.KVM, Tuple.FULL),
    VZEROUPPER(Kind.VEX, "NP.0F.W0 77", Form.NONE, Tuple.WHOLE);

    /// Which prefixes an instruction exists with.
    enum Kind {
        /// Up to 32 bytes and register 15, without masks and broadcasts.
        VEX,
        /// AVX-512.
        EVEX,
        /// Both: VEX is taken where it serves, since it is shorter and runs on more processors.
        ANY
    }

    final Kind kind;
    final Form form;
    final Tuple tuple;
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
    /// The narrowest vectors in bytes.
    final int leastBytes;

    Op(Kind kind, String encoding, Form form, Tuple tuple) {
        this(kind, encoding, form, tuple, 16);
    }

    Op(Kind kind, String encoding, Form form, Tuple tuple, int leastBytes) {
        this.kind = kind;
        this.form = form;
        this.tuple = tuple;
        this.leastBytes = leastBytes;
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

    /// The name that assemblers know.
    String mnemonic() {
        int suffix = name().indexOf('_');
        return (suffix < 0 ? name() : name().substring(0, suffix)).toLowerCase(Locale.ROOT);
    }
}
