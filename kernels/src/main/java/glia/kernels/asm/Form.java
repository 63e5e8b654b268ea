package glia.kernels.asm;

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
