package glia.text.tokenizer;

import glia.io.DisplayText;
import java.util.Set;

/// Bounds the matching time of the patterns in a `tokenizer.json`. The native library searches by backtracking, without
/// a limit on time, and ends the process after 10 million retries at one place of a text.
///
/// The patterns of published models are known to be safe. Others are analyzed ([RegexCost]): a search takes time in
/// proportion to the text, or to its square, in which case only short texts are taken; or it may take longer, and the
/// pattern is refused.
final class Regexes {
    private static final int MAX_LENGTH = 20_000;
    /// The retries that one attempt to match may make, below the 10 million that the library takes.
    private static final int MAX_RETRIES = 8_000_000;
    /// The retries that one search may make: a few seconds.
    private static final double MAX_SEARCH = 4e8;
    /// The most characters for patterns whose time grows with the square of a text.
    private static final int QUADRATIC = 20_000;

    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String SPACE = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String UPPER_NOT_HAN = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
    private static final String LOWER_NOT_HAN = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
    private static final String PREFIX = "[^\\r\\n\\p{L}\\p{N}]?";

    /// Patterns of published models whose time is in proportion to the text: no analysis at each start.
    static final Set<String> KNOWN = Set.of(
            // GPT-2 and those that followed it.
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            // Llama 3, GLM-4, SmolLM3, LFM2.
            CONTRACTIONS + "|" + PREFIX + "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + SPACE,
            // Qwen2, Qwen3.
            CONTRACTIONS + "|" + PREFIX + "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + SPACE,
            // Qwen3.5.
            CONTRACTIONS + "|" + PREFIX + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" + SPACE,
            // OLMo 2, StableLM 2, Phi-4: cl100k_base with possessive quantifiers.
            CONTRACTIONS + "|" + PREFIX + "+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|"
                    + "\\s+(?!\\S)|\\s+",
            "'(?i:[sdmt]|ll|ve|re)|" + PREFIX + "+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|"
                    + "\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
            // Mistral's tekken.
            PREFIX + UPPER + "*" + LOWER + "+|" + PREFIX + UPPER + "+" + LOWER + "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+"
                    + "[\\r\\n/]*" + SPACE,
            // GPT-4o, gpt-oss, Llama 4.
            PREFIX + UPPER + "*" + LOWER + "+" + CONTRACTIONS + "?|" + PREFIX + UPPER + "+" + LOWER + "*"
                    + CONTRACTIONS + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + SPACE,
            // Kimi K2.
            "[\\p{Han}]+|" + PREFIX + UPPER_NOT_HAN + "*" + LOWER_NOT_HAN + "+" + CONTRACTIONS + "?|" + PREFIX
                    + UPPER_NOT_HAN + "+" + LOWER_NOT_HAN + "*" + CONTRACTIONS + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+"
                    + "[\\r\\n]*" + SPACE,
            // DeepSeek-V3.
            "\\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                    + " ?[\\p{P}\\p{S}]+[\\r\\n]*" + SPACE,
            // BLOOM, Falcon, CLIP, XLM-R and others of SentencePiece.
            " ?[^(\\s|[.,!?…。，、।۔،])]+", "[0-9][0-9][0-9]", "[0-9]", "[\\r\\n]", "\\s+", " {2,}",
            "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+");

    /// Patterns of published models that the analysis does not cover: digits in groups of three from the right, whose
    /// look-ahead reads the digits up to the end of the number at each place.
    private static final Set<String> KNOWN_QUADRATIC = Set.of("(?=(\\d{3})+(?!\\d))",
            "\\d{1,3}(?=(?:\\d{3})*\\b)", "\\p{N}{1,3}(?=(?:\\p{N}{3})*(?:\\P{N}|$))");

    /// Matches the same as `\s+$` (DeepSeek LLM) in less time: only where white space begins.
    static final String SPACE_AT_LINE_END = "(?<!\\s)\\s+$";

    private Regexes() { }

    /// A pattern that matches the same, in time that is bounded for texts up to a limit.
    ///
    /// @param limit gets the limit
    /// @throws IllegalArgumentException if the pattern is malformed, or its matching time has no such bound
    static String bounded(String regex, TextLimit.Builder limit) {
        if (regex.equals("\\s+$")) {
            return SPACE_AT_LINE_END;
        }
        if (KNOWN.contains(regex) || PreTokenizer.hasPattern(regex)) {
            return regex;
        }
        limit.limit(KNOWN_QUADRATIC.contains(regex) ? QUADRATIC : maxCharacters(regex), "the pattern "
                + DisplayText.quote(regex) + " may need much more time for longer ones");
        return regex;
    }

    /// Whether a pattern that [#bounded] takes may match the empty text.
    static boolean canBeEmpty(String regex) {
        return !KNOWN.contains(regex) && (KNOWN_QUADRATIC.contains(regex) || RegexParser.parse(regex).isNullable());
    }

    private static int maxCharacters(String regex) {
        if (regex.isEmpty() || regex.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("found a pattern of " + regex.length() + " characters, expected 1 to "
                    + MAX_LENGTH);
        }
        try {
            RegexCost cost = RegexCost.of(regex);
            int most = Math.min(TextLimit.MAX_CHARACTERS, MAX_RETRIES / cost.width());
            return cost.isLinear() ? most : (int) Math.min(most, Math.sqrt(MAX_SEARCH / cost.width()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("found the pattern " + DisplayText.quote(regex) + " with "
                    + e.getMessage() + ", expected one whose matching time is bounded: characters, sets, groups, "
                    + "alternatives, quantifiers that do not overlap, and look-around of one character", e);
        }
    }
}
