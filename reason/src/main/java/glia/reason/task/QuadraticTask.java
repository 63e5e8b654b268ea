package glia.reason.task;

import glia.reason.reward.math.Rational;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Quadratic equations with integer roots from -9 to 9: `Solve x^2 - 5x + 6 = 0.`
///
/// The canonical form is the roots in ascending order, at all levels.
final class QuadraticTask extends NamedTask {
    private static final int MAX_ROOT = 9;

    QuadraticTask() {
        super("quadratic", "quadratic equations with integer roots from -9 to 9", 1, "x^2 + bx + c = 0",
                "ax^2 + bx + c = 0 with a from 2 to 5", "terms on both sides");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int first = random.between(-MAX_ROOT, MAX_ROOT);
        int second = random.between(-MAX_ROOT, MAX_ROOT);
        int low = Math.min(first, second);
        int high = Math.max(first, second);
        int a = level == 1 ? 1 : random.between(level == 2 ? 2 : 1, 5);
        int b = -a * (low + high);
        int c = a * low * high;
        String equation = level < 3 ? LinearTask.Polynomials.quadratic(a, b, c) + " = 0" : bothSides(a, b, c, random);
        List<Integer> roots = low == high ? List.of(low) : List.of(low, high);
        return new Instance(low + "," + high, "Solve " + equation + ".",
                Map.of("answer", roots.stream().map(root -> "x = " + root).collect(Collectors.joining(" or ")),
                        "roots", roots, "coefficients", List.of(a, b, c)));
    }

    /// Moves some of the terms to the right side.
    private static String bothSides(int a, int b, int c, RandomStream random) {
        int linear = random.between(-9, 9);
        int constant = random.between(-20, 20);
        int square = random.chance(0.5) ? 0 : random.between(1, 3);
        return LinearTask.Polynomials.quadratic(a + square, b + linear, c + constant) + " = "
                + LinearTask.Polynomials.quadratic(square, linear, constant);
    }

    /// The roots in ascending order; a double root may be written twice. A repetition of the equation is left out.
    @Override
    public Optional<String> read(String text) {
        int power = Math.max(text.lastIndexOf("^2"), text.lastIndexOf('\u00B2'));
        String rest = text;
        if (power >= 0) {
            int equals = text.indexOf('=', power);
            int zero = equals < 0 ? -1 : equals + (text.startsWith("= ", equals) ? 2 : 1);
            if (zero < 0 || !text.startsWith("0", zero)) {
                return Optional.empty();
            }
            rest = text.substring(zero + 1);
        }
        return AnswerNumbers.in(rest).filter(found -> found.size() == 1 || found.size() == 2)
                .map(found -> new TreeSet<>(found).stream()
                .map(Rational::toString).collect(Collectors.joining(", ")));
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        return answer.equals(Fields.integers(fields, "roots").stream().distinct().sorted().map(Object::toString)
                .collect(Collectors.joining(", ")));
    }
}
