package glia.kernels.asm;

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
