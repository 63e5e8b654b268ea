package glia.reason.reward;

import glia.reason.reward.Answers.Extract;
import glia.reason.reward.math.AnswerText;
import glia.reason.reward.math.Arithmetic;
import glia.reason.reward.math.Rational;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Checks solutions of equations and arithmetic expressions in exact fractions.
///
/// A sample with a field `target` expects one expression with that value, such as `3*7+11` or `3*7+11 = 32`, made of
/// the numbers in its field `numbers`. Any other sample expects the solutions in its field `answer`, such as
/// `x = 2 or x = 3`: all of them, in any order, nothing else. `x = ±3` is two solutions, `no solution` none.
final class EquationReward implements Reward {
    private enum Use { EACH_ONCE, AT_MOST_ONCE, ANY }

    private static final int MAX_LENGTH = 10_000;
    private static final String OPERATORS = "-+*/^×·÷−";
    private static final Pattern RUN = Pattern.compile("[\\d(.+\\-−][\\d\\s().=+\\-*/^×·÷−]*+");
    private static final Pattern SEPARATOR = Pattern.compile("[,;]|\\b(?:and|or)\\b");
    private static final Pattern VARIABLE = Pattern.compile(
            "^(?:\\p{L}(?:_?[\\d₀-₉]+|_\\{\\d+\\})?\\s*=)\\s*");
    private static final Pattern NAME = Pattern.compile(
            "(?<!\\p{L})(\\p{L})(?:_?[\\d₀-₉]+|_\\{\\d+\\})?\\s*(?:=|∈|\\\\in\\b)");
    /// Words that may stand before and around an answer. Others may deny it: "The wrong solutions: x = 2".
    private static final Set<String> WORDS = Set.of(("all also an and answer answers as both by can complete distinct "
            + "done equal equals equation exactly expression final finally find following follows for form from get "
            + "gives given has have hence here in integer integers is are it its let made make makes making my namely "
            + "number numbers obtain obtained of our out quadratic rational reach real result results root roots set "
            + "so solution solutions solve solves solved solving target that the then therefore these they this three "
            + "thus to two unique use used uses using value values we which with yes zeros").split(" "));
    /// Relations and operations that are not computed: `3*7+11 ≠ 32` is no answer.
    private static final Pattern OTHER_SIGN = Pattern.compile("[≠≈≤≥<>%√|]");
    private static final Pattern WORD = Pattern.compile("[\\p{L}']+");
    /// What may stand before the solutions, as in "The solutions are x = 2 and x = 3" or "Roots: 2, 3".
    private static final Pattern BEFORE = Pattern.compile(
            "^([^=\\d:]*(?::|\\b(?:is|are)\\b))\\s*(?=[\\p{L}\\d(+±{\\-−∅])", Pattern.CASE_INSENSITIVE);
    private static final int MAX_BEFORE = 5;
    private static final Pattern NONE = Pattern.compile(
            "(?i)(?:there (?:is|are) )?no (?:real )?solutions?|none|\\{\\}|∅");

    private final Answers answers;
    private final String target;
    private final String numbers;
    private final Use use;
    private final String operators;

    EquationReward(RewardOptions options) {
        answers = new Answers(options, Extract.LAST_LINE);
        target = options.text("target", "target");
        numbers = options.text("numbers", "numbers");
        use = options.choice("use", Use.EACH_ONCE);
        operators = options.text("operators", "+-*/");
        if (!operators.matches("[-+*/^]+")) {
            throw options.error("operators", operators, "some of + - * / ^");
        }
    }

    @Override
    public OptionalDouble score(Sample sample) {
        Optional<String> answer = answers.answer(sample).filter(a -> a.length() <= MAX_LENGTH);
        if (sample.fields().containsKey(target)) {
            Rational value = number(sample.fields().get(target));
            List<Rational> given = sample.fields().containsKey(numbers)
                    ? numbers(sample.fields().get(numbers)) : List.of();
            boolean any = use == Use.ANY || !sample.fields().containsKey(numbers);
            return AnswerRewards.of(answer.map(this::expressions).orElse(List.of()).stream().anyMatch(
                    e -> !e.operators().isEmpty() && e.value().equals(value) && (any || uses(e.numbers(), given))
                            && allowed(e.operators())));
        }
        Set<Rational> expected = expectedSolutions(answers.expected(sample));
        Set<String> names = names(answers.expected(sample).toString());
        return AnswerRewards.of(answer.filter(a -> isNamed(names(a), names)).flatMap(EquationReward::solutions)
                .filter(expected::equals).isPresent());
    }

    /// The variables whose values a text states, without subscripts and case.
    private static Set<String> names(String text) {
        return NAME.matcher(AnswerText.plain(text).toLowerCase(Locale.ROOT)).results().map(m -> m.group(1))
                .collect(Collectors.toSet());
    }

    /// Whether found values are those of one variable: the expected one, where that has a name.
    private static boolean isNamed(Set<String> found, Set<String> expected) {
        return found.isEmpty() || found.size() == 1 && (expected.isEmpty() || expected.containsAll(found));
    }

    private boolean uses(List<Rational> used, List<Rational> given) {
        List<Rational> left = new ArrayList<>(given);
        return used.stream().allMatch(left::remove) && (use == Use.AT_MOST_ONCE || left.isEmpty());
    }

    private boolean allowed(String found) {
        return found.chars().allMatch(c -> operators.indexOf(c) >= 0);
    }

    /// The one expression of a text; of an equation its sides, which must have equal values. None where other words
    /// than those of an answer stand around it.
    private List<Arithmetic.Result> expressions(String text) {
        List<String> runs = new ArrayList<>();
        String plain = AnswerText.plain(text).replace("**", "^").replaceAll("\\\\(?:times|cdot)\\b", "*");
        Matcher matcher = RUN.matcher(plain);
        while (matcher.find()) {
            String run = matcher.group().strip().replaceAll("[.\\s]+$", "");
            if (isOperation(run)) {
                runs.add(run);
            }
        }
        if (runs.size() != 1 || !isAnswer(plain)) {
            return List.of();
        }
        try {
            List<Arithmetic.Result> sides = new ArrayList<>();
            for (String side : runs.getFirst().split("=", -1)) {
                sides.add(Arithmetic.evaluate(side));
            }
            return sides.stream().map(Arithmetic.Result::value).distinct().count() == 1 ? sides : List.of();
        } catch (IllegalArgumentException | ArithmeticException e) {
            return List.of();
        }
    }

    /// Whether all words of a text are those of an answer.
    private static boolean isAnswer(String text) {
        return !OTHER_SIGN.matcher(text).find() && WORD.matcher(text).results().allMatch(w -> w.group().length() == 1
                || WORDS.contains(w.group().toLowerCase(Locale.ROOT)));
    }

    /// Whether a text has a digit, then an operator, then a digit.
    private static boolean isOperation(String run) {
        int state = 0;
        for (int i = 0; i < run.length() && state < 3; i++) {
            char c = run.charAt(i);
            state += (state == 1 ? OPERATORS.indexOf(c) >= 0 : c >= '0' && c <= '9') ? 1 : 0;
        }
        return state == 3;
    }

    /// The solutions that a text states, or empty if it states something else.
    static Optional<Set<Rational>> solutions(String text) {
        String plain = AnswerText.plain(text).replaceAll("[.\\s]+$", "").replace("$", "").replace("\\pm", "±")
                .replace("\\{", "{").replace("\\}", "}");
        plain = afterWords(plain.strip());
        plain = plain.replaceFirst("^\\p{L}(?:_?\\d+)?\\s*(?:∈|\\\\in)\\s*", "");
        if (NONE.matcher(plain).matches()) {
            return Optional.of(Set.of());
        }
        if (plain.startsWith("{") && plain.endsWith("}")) {
            plain = plain.substring(1, plain.length() - 1);
        }
        Set<Rational> found = new TreeSet<>();
        try {
            for (String part : SEPARATOR.split(plain.toLowerCase(Locale.ROOT))) {
                if (!part.isBlank()) {
                    String value = VARIABLE.matcher(part.strip()).replaceFirst("");
                    if (value.indexOf('±') >= 0) {
                        found.add(Arithmetic.evaluate(value.replaceFirst("±", "+")).value());
                        found.add(Arithmetic.evaluate(value.replaceFirst("±", "-")).value());
                    } else {
                        found.add(Arithmetic.evaluate(value).value());
                    }
                }
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            return Optional.empty();
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(new HashSet<>(found));
    }

    /// The text without the words of an answer before its solutions.
    private static String afterWords(String text) {
        String rest = text;
        for (int i = 0; i < MAX_BEFORE; i++) {
            Matcher before = BEFORE.matcher(rest);
            if (!before.find() || !isAnswer(before.group(1))) {
                return rest;
            }
            rest = rest.substring(before.end());
        }
        return rest;
    }

    private static Set<Rational> expectedSolutions(Object gold) {
        return switch (gold) {
            case Collection<?> all -> new HashSet<>(numbers(all));
            case Number n -> Set.of(number(n));
            case Object text -> solutions(text.toString()).orElseThrow(() -> new IllegalArgumentException(
                    "the expected answer " + RewardOptions.shown(text) + " is no list of solutions, such as "
                            + "'x = 2 or x = 3'"));
        };
    }

    private static List<Rational> numbers(Object value) {
        if (value instanceof Collection<?> all) {
            return all.stream().map(EquationReward::number).toList();
        }
        return SEPARATOR.splitAsStream(value.toString()).map(EquationReward::number).toList();
    }

    private static Rational number(Object value) {
        return Answers.number(value.toString()).orElseThrow(() -> new IllegalArgumentException(
                RewardOptions.shown(value) + " is no number"));
    }
}
