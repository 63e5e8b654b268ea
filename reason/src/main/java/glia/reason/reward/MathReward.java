package glia.reason.reward;

import glia.reason.reward.Answers.Extract;
import glia.reason.reward.math.Denial;
import glia.reason.reward.math.MathAnswer;
import glia.reason.reward.math.NumberReader;
import glia.reason.reward.math.Rational;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Compares mathematical answers ([MathAnswer]). Where a completion states several answers, in tags, boxes or after the
/// word "answer", each must be right, or a part of the right one.
final class MathReward implements Reward {
    private static final int MAX_STATED = 100;
    private static final Pattern TAG = Pattern.compile("<answer>(.*?)</answer>", Pattern.DOTALL);
    private static final Pattern BOX = Pattern.compile("\\\\boxed\\s?\\{");
    private static final String NUMBER = "[-−]?\\d++(?:[.,]\\d++)*+(?:\\s?/\\s?\\d++)?+";
    /// "The answer is 5", with what else it offers: "5 or 7".
    private static final Pattern SAID = Pattern.compile("(?i)\\banswers?(?:\\s++is|\\s++are)?+\\s*+[:=]?+\\s*+[$*]*+("
            + NUMBER + ")(?![\\d/*^+×÷=]|\\s?[-+*/^×÷=]\\s?\\d|\\s?\\\\)"
            + "(?:[$*]*+,?+\\s++or\\s++(?:maybe\\s++)?+[$*]*+(" + NUMBER + "))?+");
    private static final Pattern PLAIN = Pattern.compile(
            "[-−]?(?:\\d{1,3}(?:,\\d{3})++|\\d++)(?:\\.\\d*+)?+|[-−]?\\.\\d++");
    private static final Pattern FRACTION = Pattern.compile("[-−]?"
            + "(?:\\\\[dt]?frac(?:\\{([-−]?\\d++)\\}\\{(\\d++)\\}|(\\d)(\\d))"
            + "|(\\d++)/(\\d++))");
    private static final Pattern LAYOUT = Pattern.compile("\\\\!|[$\\s]|\\.$|\\^\\{?\\\\circ\\}?|\\\\degree|°");
    private static final Pattern BOXED = Pattern.compile("^\\\\boxed\\{(.*)\\}$");
    private static final Pattern BRACKETS = Pattern.compile("^\\\\?[({]([^(){},]*?)\\\\?[)}]$");
    /// Two numbers with an operation between them.
    private static final Pattern OPERATION = Pattern.compile(
            "\\d[\\s})]*+(?:\\\\(?:cdot|times|div)|[-−+*/^×·÷])[\\s{(]*+[-−]?\\d|\\d\\s*+\\(|\\)\\s*+\\(");

    private final Answers answers;
    private final boolean strict;
    private final boolean evaluated;

    MathReward(RewardOptions options) {
        answers = new Answers(options, Extract.ALL);
        strict = options.flag("strict", false);
        evaluated = options.flag("evaluated", false);
    }

    @Override
    public OptionalDouble score(Sample sample) {
        String gold = answers.expected(sample).toString();
        Optional<MathAnswer> expected = strict ? MathAnswer.find(gold) : MathAnswer.expected(gold);
        if (expected.isEmpty()) {
            return OptionalDouble.empty();
        }
        Optional<String> text = answers.text(sample.completion());
        Optional<MathAnswer> answer = text.flatMap(t -> strict ? MathAnswer.findStrict(t)
                : MathAnswer.find(Answers.extract(t, Extract.TAG).filter(tag -> !tag.isEmpty()).orElse(t)));
        if (evaluated && !expected.get().isPercent()) {
            answer = answer.map(MathAnswer::withoutPercent);
        }
        return AnswerRewards.of(answer.isPresent() && expected.get().accepts(answer.get())
                && (strict || stated(text.get()).stream().allMatch(one -> agrees(expected.get(), one)))
                && (!evaluated || isEvaluated(expected.get(), answer.get())));
    }

    private static boolean agrees(MathAnswer expected, String stated) {
        Optional<MathAnswer> answer = MathAnswer.find(stated);
        return answer.isEmpty() || expected.accepts(answer.get()) || expected.parts().stream()
                .anyMatch(part -> part.accepts(answer.get()));
    }

    /// The answers in tags, in boxes outside of tags, and those that sentences name.
    private static List<String> stated(String text) {
        List<String> all = new ArrayList<>();
        Matcher tags = TAG.matcher(text);
        while (tags.find() && all.size() < MAX_STATED) {
            all.add(tags.group(1));
        }
        String rest = all.isEmpty() ? text : tags.replaceAll(" ");
        Matcher boxes = BOX.matcher(rest);
        while (boxes.find() && all.size() < MAX_STATED) {
            int end = end(rest, boxes.end());
            if (!Denial.denies(rest, boxes.start(), end)) {
                all.add(rest.substring(boxes.start(), end));
            }
        }
        Matcher said = SAID.matcher(rest);
        while (said.find() && all.size() < MAX_STATED) {
            // "5 million" and "5 of 7" are other numbers.
            if (NumberReader.scale(rest, said.start(1), said.end(1)).filter(Rational.ONE::equals).isPresent()) {
                all.add(said.group(1));
            }
            if (said.group(2) != null) {
                all.add(said.group(2));
            }
        }
        return all;
    }

    /// The place after the brace that closes the one before a place.
    private static int end(String text, int from) {
        int depth = 1;
        int at = from;
        while (at < text.length() && depth > 0) {
            char c = text.charAt(at++);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        }
        return at;
    }

    /// Whether nothing is left to compute: where a number is expected, a number or a fraction in lowest terms; else no
    /// operation has numbers on both sides.
    private static boolean isEvaluated(MathAnswer expected, MathAnswer answer) {
        String text = answer.text().substring(answer.text().lastIndexOf('=') + 1).strip();
        text = BOXED.matcher(LAYOUT.matcher(text).replaceAll("")).replaceFirst("$1").replaceFirst("^\\+", "");
        text = expected.isNumber() ? BRACKETS.matcher(text).replaceFirst("$1") : text;
        if (PLAIN.matcher(text.replaceFirst("\\\\?%$", "")).matches()) {
            return true;
        }
        Matcher fraction = FRACTION.matcher(text);
        if (fraction.matches()) {
            int group = fraction.group(1) != null ? 1 : fraction.group(3) != null ? 3 : 5;
            BigInteger below = new BigInteger(fraction.group(group + 1));
            return below.compareTo(BigInteger.ONE) > 0 && new BigInteger(fraction.group(group).replace('−', '-'))
                    .gcd(below).equals(BigInteger.ONE);
        }
        return !expected.isNumber() && !OPERATION.matcher(text).find();
    }
}
