package glia.reason.reward;

import glia.reason.reward.RewardOptions.RewardOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;

/// Rewards of a completion's form: thoughts in tags, a regular expression, no repetition, one language, an end.
public final class FormatRewards {
    private static final double DEFAULT_PENALTY = -1;
    /// Time and memory grow with it.
    private static final int MAX_NGRAM = 100;

    private FormatRewards() { }

    static List<NamedReward> all() {
        return List.of(
                new NamedReward("think_format", "1 if the completion begins with <think>, opens it once and closes it, "
                        + "else 0", List.of(Answers.OPTIONS.get(2), Answers.OPTIONS.get(3)),
                        FormatRewards::thinkFormat),
                new NamedReward("format", "1 if a regular expression matches the completion, else 0", List.of(
                        new RewardOption("pattern", "", "regular expression; . matches line ends too"),
                        new RewardOption("part", "false", "true: a match anywhere suffices")),
                        FormatRewards::format),
                new NamedReward("repetition", "(repeated n-grams / all n-grams) · max_penalty: 0 to max_penalty",
                        List.of(new RewardOption("ngram", "3", "length of an n-gram in units"),
                                new RewardOption("max_penalty", "-1", "score of endless repetition, at most 0"),
                                new RewardOption("unit", "words", "words or characters")),
                        FormatRewards::repetition),
                new NamedReward("language", "share of words in the wanted language: 0 to 1", List.of(
                        new RewardOption("language", "", "ISO code: " + String.join(", ", Languages.codes())),
                        new RewardOption("least", "1", "number of words under which the reward does not apply")),
                        FormatRewards::language),
                new NamedReward("finished", "1 if the completion ended by itself, 0 if the token limit cut it",
                        List.of(), options -> sample -> AnswerRewards.of(sample.finished())));
    }

    private static Reward thinkFormat(RewardOptions options) {
        String open = options.text("think_open", "<think>");
        String close = options.text("think_close", "</think>");
        return sample -> AnswerRewards.of(hasThinkFormat(sample.completion(), open, close));
    }

    /// Whether a text begins with the opening tag, has no second one, and has a closing tag. This is what TRL's
    /// `think_format_reward` matches: `^<think>(?!.*<think>)(.*?)</think>.*$`.
    static boolean hasThinkFormat(String text, String open, String close) {
        return text.startsWith(open) && text.indexOf(open, open.length()) < 0
                && text.indexOf(close, open.length()) >= 0;
    }

    private static Reward format(RewardOptions options) {
        Pattern pattern = options.pattern("pattern");
        boolean part = options.flag("part", false);
        return sample -> AnswerRewards.of(part ? pattern.matcher(new BoundedText(sample.completion())).find()
                : pattern.matcher(new BoundedText(sample.completion())).matches());
    }

    private enum Unit { WORDS, CHARACTERS }

    private static Reward repetition(RewardOptions options) {
        int size = options.integer("ngram", 3, 1);
        if (size > MAX_NGRAM) {
            throw options.error("ngram", size, "an integer of at most " + MAX_NGRAM);
        }
        double penalty = options.number("max_penalty", DEFAULT_PENALTY);
        if (penalty > 0) {
            throw options.error("max_penalty", penalty, "a number of at most 0");
        }
        Unit unit = options.choice("unit", Unit.WORDS);
        return sample -> OptionalDouble.of(repetitionPenalty(unit == Unit.WORDS ? words(sample.completion())
                : sample.completion().codePoints().boxed().toList(), size, penalty));
    }

    static List<String> words(String text) {
        return Pattern.compile("\\s+").splitAsStream(text.toLowerCase(Locale.ROOT)).filter(w -> !w.isEmpty()).toList();
    }

    /// (1 − distinct n-grams / all n-grams) · penalty; 0 for a list shorter than n.
    /// Source: Yeo et al. 2025, [Demystifying long chain-of-thought reasoning](https://arxiv.org/abs/2502.03373);
    /// checked against TRL's `get_repetition_penalty_reward`.
    public static double repetitionPenalty(List<?> units, int n, double penalty) {
        int all = units.size() - n + 1;
        if (all <= 0 || penalty == 0) {
            return 0;
        }
        Set<List<?>> distinct = new HashSet<>();
        List<?> copy = new ArrayList<>(units);
        for (int i = 0; i < all; i++) {
            distinct.add(copy.subList(i, i + n));
        }
        return distinct.size() == all ? 0 : (1 - (double) distinct.size() / all) * penalty;
    }

    private static Reward language(RewardOptions options) {
        Languages language = options.at("language", () -> Languages.of(options.requiredText("language")));
        int least = options.integer("least", 1, 1);
        return sample -> language.share(sample.completion(), least);
    }

    /// A text for regular expressions that limits the number of characters that are read, so that a pattern with
    /// exponential backtracking ends in an exception after a fixed amount of work. An interrupt ends it, too.
    static final class BoundedText implements CharSequence {
        private static final long LEAST_READS = 20_000_000;
        private static final long READS_PER_CHARACTER = 200;
        private static final int READS_PER_CHECK = 1 << 12;

        private final String text;
        private long left;

        BoundedText(String text) {
            this.text = text;
            left = LEAST_READS + READS_PER_CHARACTER * text.length();
        }

        /// @throws IllegalStateException if all reads are used up or the thread was interrupted
        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw new IllegalStateException("the regular expression backtracks too often on a text of "
                        + text.length()
                        + " characters");
            }
            if (left % READS_PER_CHECK == 0 && Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("the regular expression was interrupted");
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
