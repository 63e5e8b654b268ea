package glia.reason.program;

import java.math.BigInteger;

/// What a running program may still use.
final class Budget {
    private final Limits limits;
    private long steps;

    Budget(Limits limits) {
        this.limits = limits;
    }

    Limits limits() {
        return limits;
    }

    void spend(int line, long count) throws ProgramException {
        steps += count;
        if (steps > limits.steps()) {
            throw new ProgramException(line, "stopped after " + limits.steps() + " steps");
        }
    }

    void requireLength(int line, long length) throws ProgramException {
        if (length > limits.characters()) {
            throw new ProgramException(line, "found a string or list longer than " + limits.characters());
        }
    }

    /// Checks the size of an integer that is about to be computed.
    void requireBits(int line, long bits) throws ProgramException {
        if (bits > limits.bits()) {
            throw new ProgramException(line, "found an integer of more than " + limits.bits() + " bits");
        }
    }

    BigInteger checked(int line, BigInteger value) throws ProgramException {
        requireBits(line, value.bitLength());
        spend(line, value.bitLength() / Long.SIZE);
        return value;
    }
}
