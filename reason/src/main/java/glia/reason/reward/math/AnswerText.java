package glia.reason.reward.math;

import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// The text of a short answer without its layout: spaces that do not break, LaTeX's delimiters and spacing, `\left` and
/// `\right`, `\text{…}`. Simple fractions become quotients (`-\frac{1}{2}` and `\frac{-1}{2}` are `-1/2`), `\lor` and
/// `∨` the word "or". Everything else stays as it is, so whoever reads the answer still refuses what is no answer.
public final class AnswerText {
    /// Thin spaces between groups of three digits.
    private static final Pattern GROUPS =
            Pattern.compile("(?<=\\d)(?:\\\\,|[\\u2009\\u202F])(?=\\d{3}(?!\\d))");
    private static final Pattern SPACES = Pattern.compile("[\\u00A0\\u2007\\u2009\\u202F]");
    private static final Pattern SLASHES = Pattern.compile("[\\u2044\\u2215]");
    private static final Pattern WORDS = Pattern.compile(
            "\\\\(?:text|textbf|mathrm|mathbf|mbox)\\s{0,9}+\\{([^{}\\\\]{0,2000}+)\\}");
    private static final Pattern SIZES = Pattern.compile("\\\\(?:left|right)(?![a-zA-Z])");
    private static final Pattern LAYOUT = Pattern.compile("\\\\(?:[()\\[\\],;:! ]|q?quad(?![a-zA-Z]))");
    private static final Pattern OR = Pattern.compile("\\\\(?:lor|vee)(?![a-zA-Z])|\u2228");
    private static final Pattern NEAR = Pattern.compile("\\\\approx(?![a-zA-Z])");
    private static final Pattern FRACTION = Pattern.compile("\\\\[dt]?frac\\s{0,9}+(?:\\{\\s{0,9}+([-\u2212]?)"
            + "(\\d{1,30})\\s{0,9}+\\}\\s{0,9}+\\{\\s{0,9}+([-\u2212]?)(\\d{1,30})\\s{0,9}+\\}"
            + "|(\\d)\\s{0,9}+(\\d)(?!\\d))");

    private AnswerText() { }

    /// The text without layout, stripped.
    public static String plain(String text) {
        String spaced = SPACES.matcher(GROUPS.matcher(text).replaceAll("")).replaceAll(" ");
        String plain = SLASHES.matcher(spaced).replaceAll("/");
        if (plain.indexOf('\\') >= 0) {
            plain = SIZES.matcher(plain).replaceAll("");
            plain = LAYOUT.matcher(WORDS.matcher(plain).replaceAll(" $1 ")).replaceAll(" ");
            plain = FRACTION.matcher(NEAR.matcher(plain).replaceAll("\u2248")).replaceAll(AnswerText::quotient);
        }
        return OR.matcher(plain.replace("{,}", ",")).replaceAll(" or ").strip();
    }

    private static String quotient(MatchResult found) {
        if (found.group(5) != null) {
            return found.group(5) + "/" + found.group(6);
        }
        boolean isNegative = found.group(1).isEmpty() != found.group(3).isEmpty();
        return (isNegative ? "-" : "") + found.group(2) + "/" + found.group(4);
    }
}
