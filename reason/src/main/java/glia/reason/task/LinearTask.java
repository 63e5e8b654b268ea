package glia.reason.task;

import glia.reason.reward.math.Rational;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Linear equations in x: `Solve 3x + 5 = 20.`
///
/// The canonical form is `p, q` of the equation `px = q` with positive `p` that the terms add up to.
final class LinearTask extends NamedTask {
    /// `x =` where x has neither a coefficient nor a sign.
    private static final Pattern SOLUTION = Pattern.compile("(?<![\\w)*/+\\u2212\\u221A|-])"
            + "(?<![+\\u2212\\d*/\\u00D7\\u00B7^|)\\u221A-] )(?<!\\b(?:sin|cos|tan|log|ln|exp|sqrt) )x\\s*=");
    private static final Pattern VARIABLE = Pattern.compile("(?<![a-zA-Z])x(?![a-zA-Z])");

    LinearTask() {
        super("linear", "linear equations in x with exact solutions", 2, "ax + b = c with an integer solution",
                "x on both sides", "brackets on one side", "solutions that are fractions");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int a = nonZero(random, 9);
        int b = random.between(-20, 20);
        int c = level == 1 ? 0 : random.between(-9, 9);
        while (c == a) {
            c = random.between(-9, 9);
        }
        int x = random.between(-12, 12);
        int d = level == 4 ? random.between(-20, 20) : (a - c) * x + b;
        String left = Polynomials.quadratic(0, a, b);
        if (level == 3) {
            int factor = random.between(2, 5);
            int inner = random.between(-9, 9);
            int one = random.chance(0.5) ? 1 : random.between(2, 3);
            int rest = random.between(-9, 9);
            left = factor + "(" + Polynomials.quadratic(0, one, inner == 0 ? 1 : inner) + ")"
                    + (rest == 0 ? "" : rest < 0 ? " - " + -rest : " + " + rest);
            a = factor * one;
            b = factor * (inner == 0 ? 1 : inner) + rest;
            c = c == a ? c - 1 : c;
            d = (a - c) * x + b;
        }
        Rational solution = Rational.of(d - b, a - c);
        boolean isSwapped = level > 1 && random.chance(0.5);
        String right = Polynomials.quadratic(0, c, d);
        String canonical = a > c ? (a - c) + "," + (d - b) : (c - a) + "," + (b - d);
        return new Instance(canonical, "Solve " + (isSwapped ? right + " = " + left : left + " = " + right) + ".",
                Map.of("answer", "x = " + solution, "solution", solution.toString(),
                        "coefficients", List.of(a, b, c, d)));
    }

    private static int nonZero(RandomStream random, int max) {
        int size = random.between(1, max);
        return random.chance(0.5) ? size : -size;
    }

    /// The number after the only `x =`, or the only number of a text without x.
    @Override
    public Optional<String> read(String text) {
        Matcher matcher = SOLUTION.matcher(text);
        String value = text;
        if (matcher.find()) {
            value = text.substring(matcher.end());
            if (matcher.find()) {
                return Optional.empty();
            }
        } else if (VARIABLE.matcher(text).find()) {
            return Optional.empty();
        }
        return AnswerNumbers.single(value).map(Object::toString);
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(Fields.text(fields, "solution"));
    }

    /// Polynomials as people write them: `x^2 - 5x + 6`.
    static final class Polynomials {
        private Polynomials() { }

        /// The text of `ax^2 + bx + c`; `0` if all are zero.
        static String quadratic(long a, long b, long c) {
            StringBuilder text = new StringBuilder();
            term(text, a, "x^2");
            term(text, b, "x");
            term(text, c, "");
            return text.isEmpty() ? "0" : text.toString();
        }

        private static void term(StringBuilder text, long coefficient, String power) {
            if (coefficient == 0) {
                return;
            }
            long size = Math.abs(coefficient);
            text.append(text.isEmpty() ? coefficient < 0 ? "-" : "" : coefficient < 0 ? " - " : " + ");
            text.append(size == 1 && !power.isEmpty() ? "" : Long.toString(size)).append(power);
        }
    }
}
