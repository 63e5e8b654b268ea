package glia.reason.reward.math;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Evaluates arithmetic in exact fractions: numbers, `+ - * /`, `^` with integer exponents, parentheses. `×`, `·`, `÷`,
/// `−`, `**` and other signs of these operations are accepted too.
///
/// ```
/// sum     = product (('+' | '-') product)*
/// product = factor (('*' | '/') factor)*
/// factor  = ('-' | '+') factor | atom ('^' factor)?
/// atom    = number | '(' sum ')'
/// ```
public final class Arithmetic {
    private static final int MAX_DEPTH = 200;
    private static final int MAX_LENGTH = 20_000;
    private static final Pattern SIGNS = Pattern.compile("[×·÷−–⋅∙∗✕✖]");

    private final String text;
    private final List<Rational> numbers = new ArrayList<>();
    private final StringBuilder operators = new StringBuilder();
    private boolean hasSigns;
    private int at;
    private int depth;

    private Arithmetic(String text) {
        this.text = SIGNS.matcher(text.replace("**", "^")).replaceAll(m -> switch (m.group().charAt(0)) {
            case '÷' -> "/";
            case '−', '–' -> "-";
            default -> "*";
        });
    }

    /// The value of an expression and what it was made of.
    ///
    /// @param value the exact value
    /// @param numbers the numbers in order, with a minus sign where it stands between an opening bracket, or the
    ///     beginning, and the number
    /// @param operators the operators between them in order, such as `*+`
    /// @param hasSigns whether there are other signs, such as in `-3*-7`, `3++7`, `-(3)`
    public record Result(Rational value, List<Rational> numbers, String operators, boolean hasSigns) {
        public Result {
            numbers = List.copyOf(numbers);
        }
    }

    /// Evaluates an expression.
    ///
    /// @throws IllegalArgumentException if the text is no expression, or nested deeper than 200
    /// @throws ArithmeticException for a division by zero or a number that is too large
    public static Result evaluate(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("an expression of more than " + MAX_LENGTH + " characters");
        }
        Arithmetic parser = new Arithmetic(text);
        Rational value = parser.sum();
        if (parser.peek() != 0) {
            throw parser.unexpected();
        }
        return new Result(value, parser.numbers, parser.operators.toString(), parser.hasSigns);
    }

    private char peek() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean take(char wanted) {
        boolean found = peek() == wanted;
        at += found ? 1 : 0;
        return found;
    }

    private Rational sum() {
        if (++depth > MAX_DEPTH) {
            throw new IllegalArgumentException("an expression nested deeper than " + MAX_DEPTH);
        }
        Rational value = product();
        while (peek() == '+' || peek() == '-') {
            char operator = text.charAt(at++);
            operators.append(operator);
            Rational right = product();
            value = operator == '+' ? value.add(right) : value.subtract(right);
        }
        depth--;
        return value;
    }

    private Rational product() {
        Rational value = factor();
        while (peek() == '*' || peek() == '/') {
            char operator = text.charAt(at++);
            operators.append(operator);
            Rational right = factor();
            value = operator == '*' ? value.multiply(right) : value.divide(right);
        }
        return value;
    }

    private Rational factor() {
        if (++depth > MAX_DEPTH) {
            throw new IllegalArgumentException("an expression nested deeper than " + MAX_DEPTH);
        }
        Rational value;
        int sign = peek() == '-' || peek() == '+' ? at : -1;
        if (take('-')) {
            int count = numbers.size();
            value = factor().negate();
            boolean isNumber = numbers.size() == count + 1 && numbers.getLast().equals(value.negate()) && first(sign)
                    && Character.isDigit(text.charAt(sign + 1));
            hasSigns |= !isNumber;
            if (isNumber) {
                numbers.set(count, value);
            }
        } else if (take('+')) {
            hasSigns = true;
            value = factor();
        } else {
            value = atom();
            if (take('^')) {
                operators.append('^');
                value = power(value, factor());
            }
        }
        depth--;
        return value;
    }

    /// Whether a place begins the text or a bracket.
    private boolean first(int place) {
        String before = text.substring(0, place).stripTrailing();
        return before.isEmpty() || before.endsWith("(");
    }

    private static Rational power(Rational base, Rational exponent) {
        BigInteger whole = exponent.numerator();
        if (!exponent.isInteger() || whole.bitLength() > 31) {
            throw new ArithmeticException("the exponent " + (whole.bitLength() > 100 ? "…" : exponent)
                    + " is no small integer");
        }
        return base.pow(whole.intValue());
    }

    private Rational atom() {
        if (take('(')) {
            Rational value = sum();
            if (!take(')')) {
                throw unexpected();
            }
            return value;
        }
        int start = peek() == 0 ? text.length() : at;
        while (at < text.length() && (Character.digit(text.charAt(at), 10) >= 0 || text.charAt(at) == '.')) {
            at++;
        }
        if (at == start) {
            throw unexpected();
        }
        try {
            Rational value = Rational.parse(text.substring(start, at));
            numbers.add(value);
            return value;
        } catch (NumberFormatException e) {
            at = start;
            throw (IllegalArgumentException) unexpected().initCause(e);
        }
    }

    private IllegalArgumentException unexpected() {
        return new IllegalArgumentException(at < text.length()
                ? "unexpected '" + text.charAt(at) + "' at character " + (at + 1)
                : "the expression ends where a number is expected");
    }
}
