package glia.reason.reward;

import glia.reason.reward.Answers.Extract;
import glia.reason.reward.RewardOptions.RewardOption;
import glia.reason.reward.math.Rational;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Rewards that compare an answer with an expected one: 1 if it is right, 0 if it is wrong or there is none.
final class AnswerRewards {
    private static final Pattern SPACES = Pattern.compile("[\\s\\h]++");

    private AnswerRewards() { }

    static List<NamedReward> all() {
        return List.of(
                new NamedReward("exact_match", "1 if the answer equals the expected text, else 0",
                        with(Answers.EXTRACT, new RewardOption("ignore_case", "false", "compare without case"),
                                new RewardOption("ignore_space", "true", "treat runs of white space as one space"),
                                new RewardOption("contains", "false", "the expected text may be a part of the answer")),
                        AnswerRewards::exactMatch),
                new NamedReward("numeric", "1 if the answer's number is within the tolerance, else 0",
                        with(new RewardOption("extract", "last_number", Answers.EXTRACT.help()),
                                new RewardOption("tolerance", "0", "largest absolute difference"),
                                new RewardOption("relative", "1e-9", "largest difference as a share of the expected "
                                        + "number, 0 for integers unless it is set; the larger of both tolerances "
                                        + "counts")),
                        AnswerRewards::numeric),
                new NamedReward("equation", "1 if the solutions, or the value of the expression, are exactly right, "
                        + "else 0", with(new RewardOption("extract", "last_line", Answers.EXTRACT.help()),
                                new RewardOption("target", "target", "field with the number that an expression must "
                                        + "have; used where the sample has it"),
                                new RewardOption("numbers", "numbers", "field with the numbers that the expression "
                                        + "may use; none: any"),
                                new RewardOption("use", "each_once", "how the numbers are used: each_once, "
                                        + "at_most_once or any"),
                                new RewardOption("operators", "+-*/", "operators that are allowed; ^ may be added")),
                        EquationReward::new),
                new NamedReward("math", "1 if the mathematical answer is right, else 0; does not apply where the "
                        + "expected answer cannot be parsed", with(new RewardOption("strict", "false",
                                "accept only LaTeX in a box or after the word answer"),
                                new RewardOption("evaluated", "false", "true: the answer to a calculation is a number "
                                        + "or a fraction in lowest terms, not 17*23")), MathReward::new));
    }

    static List<RewardOption> with(RewardOption... more) {
        List<RewardOption> all = new ArrayList<>(Answers.OPTIONS);
        all.addAll(List.of(more));
        return all;
    }

    static OptionalDouble of(boolean right) {
        return OptionalDouble.of(right ? 1 : 0);
    }

    private static Reward exactMatch(RewardOptions options) {
        Answers answers = new Answers(options, Extract.ALL);
        boolean ignoreCase = options.flag("ignore_case", false);
        boolean ignoreSpace = options.flag("ignore_space", true);
        boolean contains = options.flag("contains", false);
        return sample -> {
            Object gold = answers.expected(sample);
            List<?> golds = gold instanceof List<?> list ? list : List.of(gold);
            List<String> texts = golds.stream().map(g -> normal(g.toString(), ignoreCase, ignoreSpace)).toList();
            // Nothing equals these, and any text contains an empty one.
            if (texts.isEmpty() || gold instanceof Map || contains && texts.contains("")) {
                throw new IllegalArgumentException("the expected answer: found " + RewardOptions.shown(gold)
                        + ", expected a text or a list of texts" + (contains ? " that are not empty" : ""));
            }
            List<String> all = answers.answers(sample);
            return of(!all.isEmpty() && all.stream().map(a -> normal(a, ignoreCase, ignoreSpace)).allMatch(
                    a -> texts.stream().anyMatch(g -> contains ? a.contains(g) : a.equals(g))));
        };
    }

    private static String normal(String text, boolean ignoreCase, boolean ignoreSpace) {
        String stripped = ignoreSpace ? SPACES.matcher(text).replaceAll(" ").strip() : text;
        return ignoreCase ? stripped.toLowerCase(Locale.ROOT) : stripped;
    }

    private static Reward numeric(RewardOptions options) {
        Answers answers = new Answers(options, Extract.LAST_NUMBER);
        double tolerance = options.number("tolerance", 0, 0);
        // Integers are counted, not measured: they are equal or not, unless a tolerance says otherwise.
        boolean isExact = !options.has("relative");
        double relative = options.number("relative", 1e-9, 0);
        return sample -> {
            Object gold = answers.expected(sample);
            Optional<Rational> expected = Answers.number(gold.toString());
            if (expected.isEmpty()) {
                throw new IllegalArgumentException("the expected answer " + RewardOptions.shown(gold)
                        + " is no number; the option expected takes a part of it, such as {name: numeric, expected: "
                        + "hashes} for the answers of GSM8K, which end with #### 72");
            }
            double share = isExact && expected.get().isInteger() ? 0 : relative;
            List<String> all = answers.answers(sample);
            return of(!all.isEmpty() && Stream.concat(all.stream().map(Answers::number),
                    answers.others(sample).stream().map(Answers::number).filter(Optional::isPresent)).allMatch(
                    a -> a.isPresent() && near(a.get(), expected.get(), tolerance, share)));
        };
    }

    private static boolean near(Rational a, Rational b, double tolerance, double relative) {
        try {
            Rational share = Rational.parse(Double.toString(relative)).multiply(b.abs());
            Rational difference = a.subtract(b).abs();
            return difference.compareTo(share) <= 0
                    || difference.compareTo(Rational.parse(Double.toString(tolerance))) <= 0;
        } catch (ArithmeticException e) {
            // Numbers beyond the size of exact fractions.
            return a.equals(b);
        }
    }
}
