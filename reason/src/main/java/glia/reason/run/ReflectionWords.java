package glia.reason.run;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The share of completions with words of verification, such as `check`, and of backtracking, such as `wait`. They show
/// whether training makes a model verify its results and try again.
///
/// A word counts where letters and digits stand neither before nor after it, in upper or lower case. One that ends with
/// `*` may go on: `verif*` is in "verifying". Blanks in a phrase match any white space.
///
/// The defaults hold what traces of Glia's solvers write and the reflective words of DeepSeek-R1
/// (https://arxiv.org/abs/2501.12948) without `but`, which most English texts contain.
///
/// @param verification empty for none
/// @param backtracking empty for none
public record ReflectionWords(Optional<Pattern> verification, Optional<Pattern> backtracking) {
    static final List<String> VERIFICATION = List.of("check", "checks", "checking", "verif*", "evaluate");
    static final List<String> BACKTRACKING = List.of("wait", "however", "mistake*", "retry", "error", "wrong",
            "let me try", "try again");

    /// Words of English and of the traces of solvers.
    public static final ReflectionWords DEFAULT = of(VERIFICATION, BACKTRACKING);

    /// Other words.
    ///
    /// @param verification empty for no figure, as for backtracking
    /// @throws IllegalArgumentException if a word is blank
    public static ReflectionWords of(List<String> verification, List<String> backtracking) {
        return new ReflectionWords(pattern(verification), pattern(backtracking));
    }

    private static Optional<Pattern> pattern(List<String> words) {
        List<String> parts = new ArrayList<>();
        for (String word : words) {
            boolean goesOn = word.endsWith("*");
            String[] pieces = word.substring(0, word.length() - (goesOn ? 1 : 0)).strip().split("\\s+");
            if (pieces[0].isEmpty()) {
                throw new IllegalArgumentException("found the word '" + word + "', expected letters");
            }
            parts.add(String.join("\\s+", List.of(pieces).stream().map(Pattern::quote).toList())
                    + (goesOn ? "" : "(?![\\p{L}\\p{N}])"));
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile("(?<![\\p{L}\\p{N}])(?:"
                + String.join("|", parts) + ")", Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE));
    }

    /// The shares by the names of figures, from 0 to 1; 0 of no completions.
    public Map<String, Double> shares(Collection<String> completions) {
        Map<String, Double> shares = new TreeMap<>();
        verification.ifPresent(p -> shares.put("words/verification", share(p, completions)));
        backtracking.ifPresent(p -> shares.put("words/backtracking", share(p, completions)));
        return shares;
    }

    private static double share(Pattern pattern, Collection<String> completions) {
        return completions.stream().mapToInt(text -> pattern.matcher(text).find() ? 1 : 0).average().orElse(0);
    }
}
