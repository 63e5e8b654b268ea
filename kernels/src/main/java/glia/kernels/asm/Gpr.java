package glia.kernels.asm;

import java.util.Locale;

/// The general registers of 64 bits. A function of the System V convention gets its first six whole numbers in RDI,
/// RSI, RDX, RCX, R8 and R9, answers in RAX and may leave anything in these and in R10 and R11; the others it must
/// restore. https://gitlab.com/x86-psABIs/x86-64-ABI
public enum Gpr implements Operand {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15;

    /// The number that encodes the register.
    int number() {
        return ordinal();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
