package glia.engine.grammar.regex;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// Regular expressions of JSON numbers. All but [#any] exclude exponents.
public final class NumberRegexes {
    private final RegexPool pool;
    private final Regex digit;
    private final Regex digits;
    private final Regex zeros;
    private final Regex minus;
    private final Regex point;
    private final Regex natural;
    private final Regex fraction;

    public NumberRegexes(RegexPool pool) {
        this.pool = pool;
        digit = pool.range('0', '9');
        digits = pool.star(digit);
        zeros = pool.star(pool.literal("0"));
        minus = pool.literal("-");
        point = pool.literal(".");
        natural = pool.or(pool.literal("0"), pool.concat(pool.range('1', '9'), digits));
        fraction = pool.optional(pool.concat(point, digit, digits));
    }

    /// Any number. An exponent has at most three digits, since parsers refuse longer ones.
    public Regex any() {
        return pool.concat(plain(), pool.optional(pool.concat(pool.anyOf("eE"), pool.optional(pool.anyOf("+-")),
                pool.repeat(digit, 1, 3))));
    }

    /// Numbers with at most so many digits before the point, and after it.
    public Regex ofDigits(int most) {
        return pool.concat(pool.optional(minus), pool.repeat(digit, 1, most), pool.optional(pool.concat(point,
                pool.repeat(digit, 1, most))), pool.optional(pool.concat(pool.anyOf("eE"), pool.star(pool.anyOf(
                "+-0123456789")))));
    }

    /// Any number without exponent.
    public Regex plain() {
        return pool.concat(pool.optional(minus), natural, fraction);
    }

    /// Integers, without a fraction.
    public Regex integer() {
        return pool.concat(pool.optional(minus), natural);
    }

    /// Numbers with a fraction that is not 0.
    public Regex nonInteger() {
        return pool.concat(pool.optional(minus), natural, point, nonZero());
    }

    private Regex nonZero() {
        return pool.concat(digits, pool.range('1', '9'), digits);
    }

    /// All forms of one number.
    public Regex equalTo(BigDecimal value) {
        BigDecimal plain = value.stripTrailingZeros();
        if (plain.signum() == 0) {
            return pool.concat(pool.optional(minus), pool.literal("0"), noFraction());
        }
        String text = plain.toPlainString();
        return text.indexOf('.') < 0 ? pool.concat(pool.literal(text), noFraction())
                : pool.concat(pool.literal(text), zeros);
    }

    private Regex noFraction() {
        return pool.optional(pool.concat(point, pool.literal("0"), zeros));
    }

    /// Numbers of at least, or above, a bound.
    public Regex atLeast(BigDecimal bound, boolean isExclusive) {
        return switch (bound.signum()) {
            case 1, 0 -> large(bound, isExclusive);
            default -> pool.or(pool.concat(natural, fraction),
                    pool.concat(minus, small(bound.negate(), isExclusive)));
        };
    }

    /// Numbers of at most, or below, a bound.
    public Regex atMost(BigDecimal bound, boolean isExclusive) {
        return switch (bound.signum()) {
            case 1 -> pool.or(pool.concat(minus, natural, fraction), small(bound, isExclusive));
            case 0 -> pool.or(pool.concat(minus, large(bound, isExclusive)), isExclusive ? pool.empty()
                    : pool.concat(pool.literal("0"), noFraction()));
            default -> pool.concat(minus, large(bound.negate(), isExclusive));
        };
    }

    /// `{integer digits, digits of the fraction}` of a number of at least 0.
    private static String[] split(BigDecimal value) {
        String text = value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
        int dot = text.indexOf('.');
        return dot < 0 ? new String[] {text, ""} : new String[] {text.substring(0, dot), text.substring(dot + 1)};
    }

    /// Numbers without a sign of at least, or above, a bound.
    private Regex large(BigDecimal bound, boolean isExclusive) {
        String[] parts = split(bound);
        String tail = parts[1];
        List<Regex> same = new ArrayList<>();
        if (tail.isEmpty()) {
            same.add(isExclusive ? pool.concat(point, nonZero()) : fraction);
        } else {
            for (int i = 0; i < tail.length(); i++) {
                same.add(pool.concat(point, pool.literal(tail.substring(0, i)), above(tail.charAt(i)), digits));
            }
            same.add(pool.concat(point, pool.literal(tail), isExclusive ? nonZero() : digits));
        }
        List<Regex> all = new ArrayList<>();
        all.add(pool.concat(pool.literal(parts[0]), pool.or(same)));
        String head = parts[0];
        if (!head.equals("0")) {
            for (int i = 0; i < head.length(); i++) {
                all.add(pool.concat(pool.literal(head.substring(0, i)), above(head.charAt(i)),
                        pool.repeat(digit, head.length() - 1 - i, head.length() - 1 - i), fraction));
            }
            all.add(pool.concat(pool.range('1', '9'), pool.repeat(digit, head.length(), Regex.UNBOUNDED), fraction));
        } else {
            all.add(pool.concat(pool.range('1', '9'), digits, fraction));
        }
        return pool.or(all);
    }

    /// Numbers without a sign of at most, or below, a bound of at least 0.
    private Regex small(BigDecimal bound, boolean isExclusive) {
        String[] parts = split(bound);
        String tail = parts[1];
        List<Regex> same = new ArrayList<>();
        if (tail.isEmpty()) {
            same.add(isExclusive ? pool.empty() : noFraction());
        } else {
            same.add(pool.epsilon());
            for (int i = 0; i < tail.length(); i++) {
                same.add(pool.concat(point, pool.literal(tail.substring(0, i)), below(tail.charAt(i), '0'), digits));
                if (i > 0) {
                    same.add(pool.concat(point, pool.literal(tail.substring(0, i))));
                }
            }
            same.add(isExclusive ? pool.empty() : pool.concat(point, pool.literal(tail), zeros));
        }
        List<Regex> all = new ArrayList<>();
        all.add(pool.concat(pool.literal(parts[0]), pool.or(same)));
        String head = parts[0];
        if (!head.equals("0")) {
            for (int i = 0; i < head.length(); i++) {
                int rest = head.length() - 1 - i;
                // A shorter number begins with any digit but 0; the number 0 itself is added below.
                all.add(pool.concat(pool.literal(head.substring(0, i)), below(head.charAt(i), i == 0 ? '1' : '0'),
                        pool.repeat(digit, rest, rest), fraction));
            }
            if (head.length() > 1) {
                all.add(pool.concat(pool.range('1', '9'), pool.repeat(digit, 0, head.length() - 2), fraction));
            }
            all.add(pool.concat(pool.literal("0"), fraction));
        }
        return pool.or(all);
    }

    private Regex above(char from) {
        return from >= '9' ? pool.empty() : pool.range(from + 1, '9');
    }

    private Regex below(char to, char least) {
        return to <= least ? pool.empty() : pool.range(least, to - 1);
    }
}
