package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// An expression of unsigned integers, +, −, × and brackets.
///
/// @param text without spaces, with `*` for products
/// @param numbers all numbers in their order
/// @param value its value
record IntegerExpression(String text, List<Long> numbers, long value) {
    private static final int MAX_NUMBERS = 32;
    private static final int MAX_DIGITS = 9;
    private static final int MAX_DEPTH = 32;
    private static final String MINUS = "-\u2212\u2013";
    private static final String TIMES = "*\u00D7\u00B7\u22C5x";

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
    ///     nested more than 32 deep, or a value that does not fit 64 bits
    static Optional<IntegerExpression> parse(String text) {
        Parser parser = new Parser(text);
        try {
            long value = parser.sum(0);
            return parser.peek() != 0 ? Optional.empty()
                    : Optional.of(new IntegerExpression(parser.read.toString(), parser.numbers, value));
        } catch (MalformedException | ArithmeticException _) {
            return Optional.empty();
        }
    }

    private static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException() {
            super("not an expression", null, false, false);
        }
    }

    private static final class Parser {
        final List<Long> numbers = new ArrayList<>();
        final StringBuilder read = new StringBuilder();
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        /// The next sign in its normal form: `-` for each minus, `*` for each times; 0 at the end.
        char peek() {
            while (at < text.length() && text.charAt(at) == ' ') {
                at++;
            }
            if (at == text.length()) {
                return 0;
            }
            char c = text.charAt(at);
            return MINUS.indexOf(c) >= 0 ? '-' : TIMES.indexOf(c) >= 0 ? '*' : c;
        }

        private char take() {
            char c = peek();
            at++;
            read.append(c);
            return c;
        }

        long sum(int depth) throws MalformedException {
            long value = product(depth);
            for (char c = peek(); c == '+' || c == '-'; c = peek()) {
                take();
                long right = product(depth);
                value = c == '+' ? Math.addExact(value, right) : Math.subtractExact(value, right);
            }
            return value;
        }

        private long product(int depth) throws MalformedException {
            long value = factor(depth);
            while (peek() == '*') {
                take();
                value = Math.multiplyExact(value, factor(depth));
            }
            return value;
        }

        private long factor(int depth) throws MalformedException {
            char c = peek();
            if (c == '(' && depth < MAX_DEPTH) {
                take();
                long value = sum(depth + 1);
                if (peek() != ')') {
                    throw new MalformedException();
                }
                take();
                return value;
            }
            int start = at;
            while (at < text.length() && at - start <= MAX_DIGITS && Character.digit(text.charAt(at), 10) >= 0
                    && text.charAt(at) <= '9') {
                at++;
            }
            if (at == start || at - start > MAX_DIGITS || numbers.size() == MAX_NUMBERS) {
                throw new MalformedException();
            }
            long value = Long.parseLong(text.substring(start, at));
            numbers.add(value);
            read.append(value);
            return value;
        }
    }
}
