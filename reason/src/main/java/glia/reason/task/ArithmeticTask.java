package glia.reason.task;

import java.util.List;
import java.util.Map;

/// Integer arithmetic with +, −, × and brackets: `Compute 17 - 4 * 3.`
///
/// The canonical form is the expression, with the operands of a single sum or product in ascending order.
final class ArithmeticTask extends NamedTask {
    private static final List<String> SIGNS = List.of("+", "-", "*");

    ArithmeticTask() {
        super("arithmetic", "integer arithmetic with +, −, × and brackets", 3,
                "sums and differences of numbers up to 20", "sums and differences up to 99, products up to 12 × 12",
                "two operations, numbers up to 20", "three operations with brackets, numbers up to 20",
                "two operations, numbers up to 999");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        String text = switch (level) {
            case 1 -> pair(random, 20, 2);
            case 2 -> random.chance(0.34) ? pair(random, 12, 3) : pair(random, 99, 2);
            case 3 -> chain(random, 20);
            case 4 -> brackets(random);
            default -> chain(random, 999);
        };
        long value = IntegerExpression.parse(text).orElseThrow().value();
        return new Instance(canonical(text), "Compute " + text + ".",
                Map.of("answer", Long.toString(value), "expression", text));
    }

    private static String pair(RandomStream random, int max, int numSigns) {
        String sign = numSigns == 3 ? "*" : SIGNS.get(random.below(numSigns));
        return random.between(0, max) + " " + sign + " " + random.between(0, max);
    }

    private static String chain(RandomStream random, int max) {
        return random.between(1, max) + " " + random.pick(SIGNS) + " " + random.between(1, max) + " "
                + random.pick(SIGNS) + " " + random.between(1, max);
    }

    private static String brackets(RandomStream random) {
        String left = random.between(1, 20) + " " + random.pick(SIGNS) + " " + random.between(1, 20);
        String right = random.between(1, 20) + " " + random.pick(SIGNS) + " " + random.between(1, 20);
        String sign = random.pick(SIGNS);
        return random.chance(0.5) ? "(" + left + ") " + sign + " (" + right + ")"
                : random.between(1, 20) + " " + sign + " (" + left + " " + random.pick(SIGNS) + " "
                        + random.between(1, 20) + ")";
    }

    private static String canonical(String text) {
        String[] parts = text.split(" ");
        boolean isSwapped = parts.length == 3 && !parts[1].equals("-")
                && Integer.parseInt(parts[0]) > Integer.parseInt(parts[2]);
        return isSwapped ? parts[2] + " " + parts[1] + " " + parts[0] : text;
    }
}
