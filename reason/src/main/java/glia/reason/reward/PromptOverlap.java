package glia.reason.reward;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// The share of a prompt's words that a completion has: a simple measure of relevance, against answers that satisfy
/// other rewards with any text. Words are runs of letters without case; two are the same if their first `prefix`
/// letters are, so that `yawn` is in `yawning`.
///
/// @param letters least number of letters of a word that counts
/// @param prefix letters that are compared
record PromptOverlap(int letters, int prefix) implements Reward {
    private static final Pattern WORD = Pattern.compile("\\p{L}+");
    private static final int LETTERS = 4;
    private static final int PREFIX = 5;

    static NamedReward named() {
        return new NamedReward("prompt_overlap", "share of the prompt's words that the completion has: 0 to 1",
                List.of(new RewardOptions.RewardOption("letters", "4", "least number of letters of a word that counts"),
                        new RewardOptions.RewardOption("prefix", "5", "first letters by which words are compared")),
                options -> new PromptOverlap(options.integer("letters", LETTERS, 1),
                        options.integer("prefix", PREFIX, 1)));
    }

    /// Does not apply to prompts without such words.
    @Override
    public OptionalDouble score(Sample sample) {
        Set<String> wanted = stems(sample.prompt(), letters);
        Set<String> found = stems(sample.completion(), 1);
        return wanted.isEmpty() ? OptionalDouble.empty()
                : OptionalDouble.of((double) wanted.stream().filter(found::contains).count() / wanted.size());
    }

    private Set<String> stems(String text, int least) {
        Set<String> stems = new HashSet<>();
        WORD.matcher(text.toLowerCase(Locale.ROOT)).results().map(MatchResult::group)
                .filter(w -> w.codePointCount(0, w.length()) >= least)
                .forEach(w -> stems.add(w.substring(0, w.offsetByCodePoints(0,
                        Math.min(prefix, w.codePointCount(0, w.length()))))));
        return stems;
    }
}
