package glia.engine.grammar.regex;

import java.math.BigDecimal;
import java.math.BigInteger;

/// An automaton of decimal numbers without exponent that are multiples of a number: of `m / 10^k` if
/// `digits · 10^k mod m = 0`, where further digits of the fraction are 0.
///
/// A state is `phase · m + remainder`. Phases: 0 the start, 1 after the sign, 2 after a leading zero, 3 in the integer,
/// 4 after the point, `5 + j` after `j + 1` digits of the fraction, `j` at most `k`.
final class MultipleOf {
    private static final int MAX_MODULUS = 1_000_000;
    private static final int MAX_DECIMALS = 12;

    private final int modulus;
    private final int decimals;
    private final long[] powers;

    private MultipleOf(int modulus, int decimals) {
        this.modulus = modulus;
        this.decimals = decimals;
        powers = new long[decimals + 1];
        powers[0] = 1 % modulus;
        for (int i = 1; i <= decimals; i++) {
            powers[i] = powers[i - 1] * 10 % modulus;
        }
    }

    /// @return null if the factor is not positive or has too many digits
    static MultipleOf of(BigDecimal factor) {
        BigDecimal plain = factor.stripTrailingZeros();
        int k = Math.max(0, plain.scale());
        if (plain.signum() <= 0 || k > MAX_DECIMALS || plain.precision() - plain.scale() > MAX_DECIMALS) {
            return null;
        }
        BigInteger m = plain.movePointRight(k).toBigIntegerExact();
        return m.bitLength() > 30 || m.intValue() > MAX_MODULUS ? null : new MultipleOf(m.intValue(), k);
    }

    int start() {
        return 0;
    }

    /// The next state; -1 for none.
    int step(int state, int value) {
        int phase = state / modulus;
        int remainder = state % modulus;
        if (value == '-') {
            return phase == 0 ? modulus : -1;
        }
        if (value == '.') {
            return phase == 2 || phase == 3 ? 4 * modulus + remainder : -1;
        }
        if (value < '0' || value > '9' || phase == 2) {
            return -1;
        }
        int digit = value - '0';
        if (phase <= 1) {
            return digit == 0 ? 2 * modulus : 3 * modulus + digit % modulus;
        }
        int appended = (int) ((remainder * 10L + digit) % modulus);
        if (phase == 3) {
            return 3 * modulus + appended;
        }
        int read = phase - 4;
        if (read < decimals) {
            return (phase + 1) * modulus + appended;
        }
        return digit == 0 ? (5 + decimals) * modulus + remainder : -1;
    }

    boolean accepts(int state) {
        int phase = state / modulus;
        long remainder = state % modulus;
        if (phase < 2 || phase == 4) {
            return false;
        }
        int read = Math.min(decimals, phase <= 3 ? 0 : phase - 4);
        return remainder * powers[decimals - read] % modulus == 0;
    }
}
