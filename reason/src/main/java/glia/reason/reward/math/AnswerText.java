package glia.reason.reward.math;

import java.text.Normalizer;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The text of a short answer without its layout: spaces that do not break, LaTeX's delimiters and spacing, `\left` and
/// `\right`, `\text{…}`, boxes and Markdown's bold, italic and code. Fractions become quotients (`-\frac{1}{2}` and
/// `\frac{-1}{2}` are `-1/2`, `1\frac{1}{2}` is `1 1/2`, `\frac{1+2}{3}` is `((1+2)/(3))`), superscripts powers, `\lor`
/// and `∨` the word "or", names of operations their signs. Everything else stays as it is, so whoever reads the answer
/// still refuses what is no answer.
public final class AnswerText {
    /// Thin spaces between groups of three digits.
    private static final Pattern GROUPS =
            Pattern.compile("(?<=\\d)(?:\\\\,|[\\u2009\\u202F])(?=\\d{3}(?!\\d))");
    private static final Pattern SPACES = Pattern.compile("[\\u00A0\\u2007\\u2009\\u202F]");
    private static final Pattern SLASHES = Pattern.compile("[\\u2044\\u2215]");
    private static final Pattern WORDS = Pattern.compile(
            "\\\\(?:text|textbf|mathrm|mathbf|mbox)\\s{0,9}+\\{([^{}\\\\]{0,2000}+)\\}");
    private static final Pattern SIZES = Pattern.compile("\\\\(?:left|right)(?![a-zA-Z])");
    private static final Pattern BOX = Pattern.compile("\\\\f?box(?:ed)?\\s?\\{");
    private static final Pattern QUOTIENT = Pattern.compile("\\\\[dtc]?frac\\s{0,9}+\\{([^{}]*+)\\}\\s{0,9}+"
            + "\\{([^{}]*+)\\}");
    private static final int MAX_QUOTIENTS = 50;
    private static final Pattern POWER = Pattern.compile("\\^\\s?\\{([^{}\\\\]*+)\\}");
    private static final Pattern SUPERSCRIPT = Pattern.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]++");
    private static final Pattern UNICODE_FRACTION = Pattern.compile("(\\d?)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])");
    private static final Pattern SIGNS = Pattern.compile(
            "\\\\(times|cdot|ast|div|pm|neq?|sqrt|pi|%|\\$|degree|pmod|bmod|mod)(?![a-zA-Z])");
    private static final Map<String, String> SIGN = Map.ofEntries(Map.entry("times", "×"), Map.entry("cdot", "·"),
            Map.entry("ast", "*"), Map.entry("div", "÷"), Map.entry("pm", "±"), Map.entry("ne", "≠"),
            Map.entry("neq", "≠"), Map.entry("sqrt", "√"), Map.entry("pi", "π"), Map.entry("%", "%"),
            Map.entry("$", "\\$"), Map.entry("degree", "°"), Map.entry("pmod", " mod "), Map.entry("bmod", " mod "),
            Map.entry("mod", " mod "));
    private static final Pattern DEGREES = Pattern.compile("\\^\\s?(?:\\{\\s?\\\\circ\\s?\\}|\\\\circ(?![a-zA-Z]))");
    /// Bold, italic and code of Markdown; tags without attributes; the calculator's notes of GSM8K.
    private static final Pattern BOLD = Pattern.compile("(?<![\\w)*])(\\*{2,3}|__|`{1,3})(?=[^\\s*_`])"
            + "((?:(?!\\1)[^\\n]){1,2000}+)(?<!\\s)\\1(?![\\w(*])");
    private static final Pattern ITALIC = Pattern.compile("(?<![\\w)*])([*_])(?=[^\\s*_])([^*_\\n]{1,2000}+)(?<!\\s)\\1"
            + "(?![\\w(*])");
    private static final Pattern TAGS = Pattern.compile("</?[A-Za-z][A-Za-z0-9]{0,30}\\s?/?>|<<[^<>\\n]{0,200}>>");
    private static final Pattern LAYOUT = Pattern.compile("\\\\(?:[()\\[\\],;:! ]|q?quad(?![a-zA-Z]))");
    private static final Pattern OR = Pattern.compile("\\\\(?:lor|vee)(?![a-zA-Z])|\u2228");
    private static final Pattern NEAR = Pattern.compile("\\\\approx(?![a-zA-Z])");
    private static final Pattern FRACTION = Pattern.compile("(\\d\\s?)?\\\\[dtc]?frac\\s{0,9}+(?:"
            + "\\{\\s{0,9}+([-\u2212]?)(\\d{1,30})\\s{0,9}+\\}\\s{0,9}+\\{\\s{0,9}+([-\u2212]?)(\\d{1,30})\\s{0,9}+\\}"
            + "|(\\d)\\s{0,9}+(\\d)(?!\\d))");

    private AnswerText() { }

    /// The text without layout, stripped.
    public static String plain(String text) {
        String spaced = SPACES.matcher(GROUPS.matcher(text).replaceAll("")).replaceAll(" ");
        String tagless = TAGS.matcher(SLASHES.matcher(spaced).replaceAll("/")).replaceAll(" ");
        String plain = ITALIC.matcher(BOLD.matcher(tagless).replaceAll("$2")).replaceAll("$2");
        if (plain.indexOf('\\') >= 0) {
            plain = SIZES.matcher(unboxed(DEGREES.matcher(plain).replaceAll("°"))).replaceAll("");
            plain = LAYOUT.matcher(WORDS.matcher(plain).replaceAll(" $1 ")).replaceAll(" ");
            plain = FRACTION.matcher(NEAR.matcher(plain).replaceAll("\u2248")).replaceAll(AnswerText::quotient);
            for (int i = 0; i < MAX_QUOTIENTS && plain.contains("frac"); i++) {
                plain = QUOTIENT.matcher(POWER.matcher(plain).replaceAll("^($1)")).replaceAll("(($1)/($2))");
            }
            plain = SIGNS.matcher(plain).replaceAll(m -> SIGN.get(m.group(1)));
        }
        plain = SUPERSCRIPT.matcher(POWER.matcher(plain).replaceAll("^($1)")).replaceAll(m -> "^("
                + Normalizer.normalize(m.group(), Normalizer.Form.NFKC).replace('−', '-') + ")");
        plain = UNICODE_FRACTION.matcher(plain).replaceAll(m -> m.group(1) + (m.group(1).isEmpty() ? "" : " ")
                + Normalizer.normalize(m.group(2), Normalizer.Form.NFKC).replace('\u2044', '/'));
        return OR.matcher(plain.replace("{,}", ",")).replaceAll(" or ").strip();
    }

    /// The text with the content of boxes in their places.
    private static String unboxed(String text) {
        StringBuilder plain = new StringBuilder();
        Matcher box = BOX.matcher(text);
        int from = 0;
        while (box.find(from)) {
            int end = box.end();
            for (int depth = 1; end < text.length() && depth > 0; end++) {
                char c = text.charAt(end);
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            }
            if (text.charAt(end - 1) != '}') {
                break;
            }
            plain.append(text, from, box.start()).append(unboxed(text.substring(box.end(), end - 1)));
            from = end;
        }
        return plain.append(text, from, text.length()).toString();
    }

    private static String quotient(MatchResult found) {
        String whole = found.group(1) == null ? "" : found.group(1) + " ";
        if (found.group(6) != null) {
            return whole + found.group(6) + "/" + found.group(7);
        }
        boolean isNegative = found.group(2).isEmpty() != found.group(4).isEmpty();
        return whole + (isNegative ? "-" : "") + found.group(3) + "/" + found.group(5);
    }
}
