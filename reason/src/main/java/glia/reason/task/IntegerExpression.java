package glia.reason.task;

import glia.reason.reward.math.Arithmetic;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// An expression of unsigned integers, +, −, × and brackets.
///
/// @param text without spaces, with `*` for products
/// @param numbers all numbers in their order
/// @param value its value
record IntegerExpression(String text, List<Long> numbers, long value) {
    private static final int MAX_NUMBERS = 32;
    private static final Pattern ALLOWED = Pattern.compile("(?:[0-9]{1,9}(?![0-9])|[ +*()-])++");
    private static final Pattern SIGN = Pattern.compile("(?:^|[(+*-]) *[+-]");
    private static final Pattern ZEROS = Pattern.compile("(?<![0-9])0+(?=[0-9])");
    private static final Pattern MINUS = Pattern.compile("[\u2212\u2013]");
    private static final Pattern TIMES = Pattern.compile("[\u00D7\u00B7\u22C5x]");

    IntegerExpression {
        numbers = List.copyOf(numbers);
    }

    /// Number of operations.
    int operations() {
        return numbers.size() - 1;
    }

    /// Parses an expression.
    ///
    /// @return empty if the text is anything else, has more than 32 numbers, numbers of more than 9 digits, brackets
    ///     nested too deep, or a value that does not fit 64 bits
    static Optional<IntegerExpression> parse(String text) {
        String plain = MINUS.matcher(TIMES.matcher(text).replaceAll("*")).replaceAll("-");
        if (plain.contains("**") || SIGN.matcher(plain).find() || !ALLOWED.matcher(plain).matches()) {
            return Optional.empty();
        }
        try {
            Arithmetic.Result result = Arithmetic.evaluate(plain);
            List<Long> numbers = result.numbers().stream().map(n -> n.numerator().longValueExact()).toList();
            String written = ZEROS.matcher(plain.replace(" ", "")).replaceAll("");
            return numbers.size() > MAX_NUMBERS ? Optional.empty() : Optional.of(
                    new IntegerExpression(written, numbers, result.value().numerator().longValueExact()));
        } catch (IllegalArgumentException | ArithmeticException _) {
            return Optional.empty();
        }
    }
}
