package glia.reason.reward;

import glia.reason.reward.Answers.Extract;
import glia.reason.reward.math.AnswerText;
import glia.reason.reward.math.Arithmetic;
import glia.reason.reward.math.Denial;
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
/// the numbers in its field `numbers`. A sign is no operation: `-3*-7+11` is refused, `(-3)*7` uses the number −3. Any
/// other sample expects the solutions in its field `answer`, such as `x = 2 or x = 3`: all of them, in any order, on
/// one line or on the last lines, nothing else. `x = ±3` is two solutions, `no solution` none.
final class EquationReward implements Reward {
    private enum Use { EACH_ONCE, AT_MOST_ONCE, ANY }

    private static final int MAX_LENGTH = 10_000;
    /// Most lines with a solution each.
    private static final int MAX_LINES = 100;
    private static final String OPERATORS = "-+*/^×·÷−–⋅∙∗✕✖";
    private static final Pattern RUN = Pattern.compile("[\\d(.+\\-−–][\\d\\s().=+\\-*/^×·÷−–⋅∙∗✕✖]*+");
    private static final Pattern TIMES = Pattern.compile("(?<=[\\d)])(\\s*)[xX](?=\\s*[\\d(])");
    private static final Pattern SEPARATOR = Pattern.compile("[,;&]|\\b(?:and|or)\\b");
    private static final Pattern ENDS_OPEN = Pattern.compile(
            "(?i)(?:[,;&]|\\b(?:and|or|etc)\\b)[\\s.]*$|\\.\\.|…|dots");
    private static final Pattern GROUPS = Pattern.compile("(?<=\\d),(?=\\d{3}(?!\\d))");
    private static final Pattern MIXED = Pattern.compile("(\\d+)\\s+(\\d+\\s?/\\s?\\d+)");
    private static final Pattern BULLET = Pattern.compile("^(?:[-*•]|\\d{1,2}[.)]|\\([a-z\\d]\\))\\s+(?=\\p{L})");
    private static final Pattern JOIN = Pattern.compile("(?i)\\s*(?:or|and)\\s*$");
    private static final Pattern VARIABLE = Pattern.compile(
            "^(?:\\p{L}(?:_?[\\d₀-₉]+|_\\{\\d+\\})?\\s*=)\\s*");
    private static final Pattern NAME = Pattern.compile(
            "(?<!\\p{L})(\\p{L})(?:_?[\\d₀-₉]+|_\\{\\d+\\})?\\s*(?:=(?!\\s*\\\\?\\{)|∈|\\\\in\\b)");
    /// "2 and 3 are the solutions".
    private static final Pattern LATER = Pattern.compile("(?<=[\\d)}])\\s*\\b((?:are|is)\\s[^=\\d]*)$");
    /// Words that may stand before and around an answer. Others may deny it: "The wrong solutions: x = 2".
    private static final Set<String> WORDS = Set.of((
            "all also an and answer answers as because both by can check complete correct distinct "
            + "done each either equal equals equation every exactly expression final finally find "
            + "following follows for form from get gives given has have hence here here's in integer "
            + "integers is it it's its let let's made make makes making my namely number numbers obtain "
            + "obtained of once one only our out possible quadratic rational reach real result results "
            + "root roots set since so solution solutions solve solves solved solving target that "
            + "that's the then therefore these they this three thus to two unique use used uses using "
            + "value values way we where which with yes yields zeros are").split(" "));
    /// Relations and operations that are not computed: `3*7+11 ≠ 32` is no answer.
    private static final Pattern OTHER_SIGN = Pattern.compile("[≠≈≤≥<>%√∛±|~≡&@∞π]|(?<=\\d)\\p{L}|\\p{L}(?=[\\d(])");
    private static final Pattern WORD = Pattern.compile("[\\p{L}'’]+");
    /// What may stand before the solutions, as in "The solutions are x = 2 and x = 3" or "Roots: 2, 3".
    private static final Pattern BEFORE = Pattern.compile(
            "^([^=\\d:]*(?::|\\b(?:is|are|equals)\\b))\\s*(?=[\\p{L}\\d(+±{\\-−∅])", Pattern.CASE_INSENSITIVE);
    private static final Pattern WORD_BEFORE = Pattern.compile("^([\\p{L}']{2,})\\s*,?\\s+(?=[^\\s=])");
    private static final int MAX_BEFORE = 20;
    private static final Pattern NONE = Pattern.compile(
            "(?i)(?:there (?:is|are) )?no (?:real |rational |integer )?(?:solutions?|roots?)(?: exists?)?|none|"
            + "\\{\\s*\\}|∅");

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
        List<String> lines = answers.lines(sample);
        List<String> all = (lines.isEmpty() ? answers.answers(sample) : List.of(lines.getLast())).stream()
                .filter(a -> a.length() <= MAX_LENGTH).toList();
        if (sample.fields().containsKey(target)) {
            Rational value = number(sample.fields().get(target));
            List<Rational> given = sample.fields().containsKey(numbers)
                    ? numbers(sample.fields().get(numbers)) : List.of();
            boolean any = use == Use.ANY || !sample.fields().containsKey(numbers);
            return AnswerRewards.of(!all.isEmpty() && all.stream().allMatch(a -> expressions(a).stream().anyMatch(
                    e -> !e.operators().isEmpty() && !e.hasSigns() && e.value().equals(value)
                            && (any || uses(e.numbers(), given)) && allowed(e.operators()))));
        }
        Set<Rational> expected = expectedSolutions(answers.expected(sample));
        Set<String> names = names(answers.expected(sample).toString());
        List<String> stated = lines.size() < 2 ? all : List.of(lastLines(lines));
        return AnswerRewards.of(!all.isEmpty() && stated.stream().allMatch(a -> isNamed(names(a), names)
                && (isSet(solutions(a), expected)
                        || isSet(solutions(GROUPS.matcher(AnswerText.plain(a)).replaceAll("")), expected))));
    }

    private static boolean isSet(Optional<Set<Rational>> found, Set<Rational> expected) {
        return found.isPresent() && found.get().equals(expected);
    }

    /// The last line, with the lines before it that state values of the same variable; no answer if the heading of
    /// these lines has other words than those of an answer, such as "The wrong solutions:".
    private static String lastLines(List<String> lines) {
        String all = start(lines.getLast());
        Set<String> names = names(all);
        int at = lines.size() - 2;
        int first = VARIABLE.matcher(all).find() ? Math.max(0, at - MAX_LINES) : lines.size();
        while (at >= first && lines.get(at).length() + all.length() < MAX_LENGTH) {
            String line = JOIN.matcher(lines.get(at)).replaceFirst("");
            boolean isJoin = line.isBlank();
            if (!isJoin && !(names(line).equals(names) && VARIABLE.matcher(start(line)).find()
                    && solutions(line).isPresent())) {
                break;
            }
            all = isJoin ? all : start(line) + " or " + all;
            at--;
        }
        boolean isDenied = at >= 0 && lines.get(at).strip().endsWith(":") && Denial.denies(lines.get(at));
        return isDenied ? "" : all;
    }

    /// A line without layout, bullet or number, and point at its end.
    private static String start(String line) {
        return BULLET.matcher(AnswerText.plain(line).replace("$", "").strip()).replaceFirst("")
                .replaceFirst("(?<!\\.)\\.$", "");
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
        String plain = TIMES.matcher(AnswerText.plain(text).replace("**", "^")).replaceAll("$1×");
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
                || WORDS.contains(w.group().replace('’', '\'').toLowerCase(Locale.ROOT)));
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
        String plain = start(text).replaceAll("[\\s✓✔✅]+$", "").replace("\\{", "{").replace("\\}", "}");
        if (ENDS_OPEN.matcher(plain).find()) {
            return Optional.empty();
        }
        Matcher later = LATER.matcher(plain);
        plain = later.find() && isAnswer(later.group(1)) ? plain.substring(0, later.start()) : plain;
        plain = afterWords(plain.strip());
        plain = plain.replaceFirst("^\\p{L}(?:_?\\d+)?\\s*(?:∈|\\\\in\\b|=(?=\\s*\\{))\\s*", "");
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
                    add(part.strip(), found);
                }
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            return Optional.empty();
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(new HashSet<>(found));
    }

    /// Adds the values of `x = ±3` or of `x = 6/2 = 3`.
    private static void add(String part, Set<Rational> found) {
        String inner = part.startsWith("(") && part.endsWith(")") && part.indexOf('=') > 0
                ? part.substring(1, part.length() - 1).strip() : part;
        String value = MIXED.matcher(VARIABLE.matcher(inner).replaceFirst("")).replaceAll("($1+$2)");
        List<String> signs = value.indexOf('±') >= 0 ? List.of("+", "-") : List.of("");
        for (String sign : signs) {
            List<Rational> sides = new ArrayList<>();
            for (String side : value.split("=", -1)) {
                sides.add(Arithmetic.evaluate(side.replaceFirst("±", sign)).value());
            }
            if (sides.stream().distinct().count() > 1) {
                throw new IllegalArgumentException("an equation that does not hold");
            }
            found.add(sides.getFirst());
        }
    }

    /// The text without the words of an answer before its solutions.
    private static String afterWords(String text) {
        String rest = text;
        for (int i = 0; i < MAX_BEFORE; i++) {
            Matcher before = BEFORE.matcher(rest);
            Matcher word = WORD_BEFORE.matcher(rest);
            if (before.find() && isAnswer(before.group(1))) {
                rest = rest.substring(before.end());
            } else if (word.find() && isAnswer(word.group(1))) {
                rest = rest.substring(word.end());
            } else {
                return rest;
            }
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
