package glia.kernels.asm;

import java.util.Locale;

/// The 64-bit general registers. A function of the System V calling convention has its first six integer arguments in
/// RDI, RSI, RDX, RCX, R8 and R9 and its result in RAX. It may change these, R10 and R11, and must preserve the others.
/// https://gitlab.com/x86-psABIs/x86-64-ABI
public enum Gpr implements Operand {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15;

    /// The number in the register's encoding.
    int number() {
        return ordinal();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
