package glia.reason.task;

/// Polynomials as people write them: `x^2 - 5x + 6`.
final class Polynomials {
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
