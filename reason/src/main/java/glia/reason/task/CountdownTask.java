package glia.reason.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Countdown: an expression that uses each of some numbers once and has a given value, with +, − and ×:
/// `Use 3, 7 and 11 to make 32.`
///
/// The canonical form is the numbers in ascending order, at all levels and for all targets.
final class CountdownTask extends NamedTask {
    /// Signs that separate expressions.
    private static final String PUNCTUATION = ";:!?'\"`$\\{}[]\u2018\u2019\u201C\u201D\u2192\u2713\u2714\u2705";

    CountdownTask() {
        super("countdown", "an expression with +, − and × that uses each number once and has a given value", 4,
                "two numbers up to 10", "two numbers up to 20", "three numbers up to 10, targets up to 100",
                "three numbers up to 20", "four numbers up to 20");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        int count = level <= 2 ? 2 : level <= 4 ? 3 : 4;
        int max = level == 1 || level == 3 ? 10 : 20;
        long maxTarget = level == 3 ? 100 : level == 5 ? 1_000 : Long.MAX_VALUE;
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add(random.between(1, max));
        }
        IntegerExpression solution = expression(numbers, random);
        while (solution.value() < 1 || solution.value() > maxTarget) {
            solution = expression(numbers, random);
        }
        String list = numbers.subList(0, count - 1).stream().map(Object::toString).collect(Collectors.joining(", "));
        return new Instance(numbers.stream().sorted().map(Object::toString).collect(Collectors.joining(",")),
                "Use " + list + " and " + numbers.getLast() + " to make " + solution.value() + ".",
                Map.of("answer", solution.text(), "numbers", List.copyOf(numbers), "target", solution.value()));
    }

    /// A random expression of all numbers: two of the parts are joined by a random operation until one is left.
    private static IntegerExpression expression(List<Integer> numbers, RandomStream random) {
        List<String> parts = random.shuffled(numbers.stream().map(Object::toString).toList());
        while (parts.size() > 1) {
            String left = parts.remove(random.below(parts.size()));
            String right = parts.remove(random.below(parts.size()));
            parts.add(Expressions.join(left, random.pick(List.of('+', '-', '*')), right));
        }
        return IntegerExpression.parse(parts.getFirst()).orElseThrow();
    }

    /// The only expression in the text that has an operation, without spaces. It may be one side of an equation, whose
    /// other side is its value.
    @Override
    public Optional<String> read(String text) {
        Optional<String> found = Optional.empty();
        for (String run : runs(text)) {
            String trimmed = run.strip();
            if (trimmed.chars().noneMatch(c -> c >= '0' && c <= '9')
                    || trimmed.chars().allMatch(c -> c >= '0' && c <= '9' || c == ' ')) {
                continue;
            }
            Optional<String> expression = side(trimmed);
            if (expression.isEmpty() || found.isPresent()) {
                return Optional.empty();
            }
            found = expression;
        }
        return found;
    }

    /// The parts of a text between words and punctuation. A letter or a point at a digit belongs to a part, which then
    /// is no expression.
    private static List<String> runs(String text) {
        List<String> runs = new ArrayList<>();
        StringBuilder run = new StringBuilder();
        String plain = text.replace("\\times", "*").replace("\\cdot", "*").replace("**", " ; ") + '\n';
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            boolean isSeparator = c != ' ' && (Character.isWhitespace(c) || PUNCTUATION.indexOf(c) >= 0
                    || ".,".indexOf(c) >= 0 && !isDigit(plain, i + 1)
                    || Character.isLetter(c) && !isDigit(plain, i - 1) && !isDigit(plain, i + 1)
                            && !isTimes(plain, i));
            if (!isSeparator) {
                run.append(c);
            } else if (!run.isEmpty()) {
                runs.add(run.toString());
                run.setLength(0);
            }
        }
        return runs;
    }

    private static boolean isDigit(String text, int at) {
        return at >= 0 && at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    /// Whether a letter is an `x` alone.
    private static boolean isTimes(String text, int at) {
        return text.charAt(at) == 'x' && !isLetter(text, at - 1) && !isLetter(text, at + 1);
    }

    private static boolean isLetter(String text, int at) {
        return at >= 0 && at < text.length() && Character.isLetter(text.charAt(at));
    }

    private static Optional<String> side(String run) {
        int equals = run.indexOf('=');
        Optional<IntegerExpression> left = IntegerExpression.parse(equals < 0 ? run : run.substring(0, equals));
        Optional<IntegerExpression> right = equals < 0 ? left : IntegerExpression.parse(run.substring(equals + 1));
        if (left.isEmpty() || right.isEmpty() || left.get().value() != right.get().value()) {
            return Optional.empty();
        }
        boolean isLeft = left.get().operations() > 0;
        if (equals >= 0 && isLeft == right.get().operations() > 0) {
            return Optional.empty();
        }
        return Optional.of((isLeft ? left : right).get().text());
    }

    @Override
    public boolean isRight(String answer, Map<String, Object> fields) {
        List<Long> numbers = Fields.integers(fields, "numbers");
        long target = Fields.integer(fields, "target");
        return IntegerExpression.parse(answer).filter(e -> e.value() == target
                && e.numbers().stream().sorted().toList().equals(numbers.stream().sorted().toList())).isPresent();
    }
}
