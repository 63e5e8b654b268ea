package glia.reason.reward.math;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Prepares LaTeX for the parser: takes the content of boxes, drops units, dollar signs and layout, and repairs what
/// models often write, such as `\frac12`, `sqrt(2)` and `1,000`.
///
/// The rules are those of math-verify's normalization, so that both read the same from a text.
final class LatexText {
    /// Which boxes of a text count.
    enum Boxes {
        /// All, joined by commas.
        ALL,
        /// The last one, and those before it that are close to it.
        LAST
    }

    private static final int NEAR = 10;
    private static final int WITHIN_A_SENTENCE = 70;
    private static final Pattern MALFORMED = Pattern.compile(
            "\\\\sqrt\\s*+[^\\[{\\s]|\\^\\s?\\(|\\.$|\\\\begin\\{(?:aligned|cases|gathered)");
    private static final Pattern SEPARATOR = Pattern.compile("\\b(?:and|or)\\b|[,;]");
    private static final Pattern SIZES = Pattern.compile(
            "\\\\m?(?:left|right)(?=\\\\?[\\[\\](){}|<>.]|\\\\[a-z])\\.?+");
    private static final Pattern DROPPED = Pattern.compile("\\\\mathrm\\{th\\}|\\\\!\\s*+|\\\\text\\s*+\\{\\s*+\\}"
            + "|\\\\\\$|\\$|(?<!\\\\)[\"]|\\\\displaystyle|,?\\\\ldots|\\\\dots|\\.\\.\\.|\\\\phantom\\{[^{}]*+\\}");
    /// `(mod 7)` in its many forms.
    private static final Pattern MODULUS = Pattern.compile("\\(\\s*+(?:\\\\text\\s*+\\{\\s*+|\\\\[pb]?)?mod\\s*+\\}?+"
            + "([^(){}]{1,30}+)\\)|\\\\text\\s*+\\{\\s*+\\(?\\s*+mod\\s*+([^(){}]{1,30}+)\\)?\\s*+\\}"
            + "|\\\\text\\s*+\\{\\s*+\\(mod\\s*+\\}([^(){}]{1,30}+)\\)");
    private static final Pattern SCALE = Pattern.compile("(?<=\\d)(?:\\s|~|\\\\[ ,;:])*+(?:\\\\text\\s*+\\{\\s*+)?"
            + "(hundred|thousand|million|billion|trillion|dozen)s?+(?![a-z])([^{}]{0,40}\\})?");
    private static final Map<String, String> SCALES = Map.of("hundred", "100", "thousand", "1000", "million", "1000000",
            "billion", "1000000000", "trillion", "1000000000000", "dozen", "12");
    /// A list that goes on, which a symbol stands for; of a decimal, more digits.
    private static final Pattern DOTS = Pattern.compile("(?<!\\.\\d{1,30})(?:,\\s*+)?"
            + "(?:\\\\[lc]?dots(?:c|b)?(?![a-zA-Z])"
            + "|\\.\\.\\.|…)(?=.*\\d)|(?<=\\d)\\s*+,\\s*+(?:\\\\[lc]?dots(?:c|b)?(?![a-zA-Z])|\\.\\.\\.|…)");
    private static final Pattern FONTS = Pattern.compile(
            "\\\\(?:math(?:rm|it|bf|sf)|text(?:normal|bf|it|rm|sf)|mbox|hbox)(?=\\s*+\\{)");
    private static final Pattern AND_OR = Pattern.compile(
            ",?\\s*+\\\\text\\s*+\\{\\s*+(?:and|or)\\s*+\\}|,?\\s++(?:and|or)\\s++"
            + "|(?<=[\\d}$)])(?:and|or)(?=[\\d\\\\$(])");
    /// Of inequalities, "and" is another statement than "or".
    private static final Pattern INEQUALITY = Pattern.compile("[<>≤≥]|\\\\(?:lt|gt|le|ge)(?:q|qslant)?(?![a-zA-Z])");
    /// The space below a row of a matrix: `\\[4pt]`.
    private static final Pattern ROW_SPACE = Pattern.compile(
            "\\\\\\\\\\s*+\\[\\s*+-?+[\\d.]++\\s*+(?:pt|em|ex|mm|cm|in)\\s*+\\]");
    private static final Pattern COMMA = Pattern.compile("\\s*+\\{\\s*+,\\s*+\\}");
    private static final Pattern PERCENT = Pattern.compile(
            "\\s*+(?:\\\\text\\{\\s*+)?\\b(?:percentage|percent|pct)\\b\\}?+");
    private static final Pattern INFINITY = Pattern.compile("(?<![\\\\a-zA-Z])(?:infinity|inf)(?![a-zA-Z])");
    private static final Pattern DOUBLED = Pattern.compile("\\\\\\\\(?=[a-zA-Z])");
    private static final Pattern UNIT_TEXT = Pattern.compile(
            "(?<=\\S)\\s*+(?:\\\\[ ,;:]\\s*+)*+\\\\text\\s*+\\{[^{}]*+(?:\\{[^{}]*+\\}[^{}]*+){0,9}+\\}"
                    + "(?:\\^\\d|\\^\\{\\d\\}|\\{\\^\\d\\})?+\\s*+$");
    private static final Pattern DEGREES_OR_OHM = Pattern.compile(
            "(?<=\\d)\\s*+(?:(?:\\^\\s?\\{?+\\\\circ\\s*+\\}?+|\\\\degree\\s*+|°)\\s*+[CF]"
                    + "|(?:\\\\[ ,;:]\\s*+)*+\\\\Omega)\\s*+$");
    private static final Pattern LEAD_IN = Pattern.compile("^\\s*+\\\\text\\s*+\\{[^{}]*(?:\\bis|[:=])\\s*+\\}(?=.)");
    private static final String LONG_UNITS = "(?:square|cubic|sq|cu)?\\s*+"
            + "(?:points?|feet|foot|ft|pounds?|lbs?|miles?|mph|"
            + "kmph|km/h|m/s|"
            + "degrees?|deg|gallons?|gal|liters?|litres?|ml|mL|"
            + "hours?|hrs?|hr|minutes?|mins?|seconds?|secs?|"
            + "days?|weeks?|months?|years?|yrs?|inches|inch|yards?|meters?|metres?|mm|cm|dm|km|kg|mg|gm|grams?|cents?|"
            + "dollars?|rupees?|rs|units?|students?|men|man|women|woman|apples?|coins?|tiles?|acres?|hectares?|ohms?|"
            + "digits?|edges?|integers?|am|pm|a\\.m\\.|p\\.m\\.|cc)(?:\\^\\d|\\^\\{\\d\\})?+";
    private static final Pattern UNITS = Pattern.compile("(?<=[\\d}\\s])\\s*+(?:" + LONG_UNITS + ")\\s*+$");
    private static final Pattern SHORT_UNITS = Pattern.compile(
            "^(-?[\\d.,]++|-?\\\\frac\\{\\d+\\}\\{\\d+\\})\\s*+[mslghd](?:\\^\\d|\\^\\{\\d\\})?+\\s*+$");

    private LatexText() { }

    /// The text that the parser reads.
    ///
    /// @throws IllegalArgumentException if it has more than 20,000 characters
    static String normalized(String latex, Boxes boxes) {
        return repaired(withoutUnits(cleaned(content(latex, boxes)))).strip();
    }

    /// The same without repairs.
    ///
    /// @throws IllegalArgumentException if the text has malformed operators: roots and exponents without braces, an
    ///     environment of equations, or a point at the end
    static String strict(String latex, Boxes boxes) {
        String text = withoutUnits(cleaned(content(latex, boxes))).strip();
        if (MALFORMED.matcher(text).find()) {
            throw new IllegalArgumentException("malformed operators");
        }
        return text;
    }

    private static String content(String latex, Boxes boxes) {
        String content = UnicodeMath.latex(boxed(latex, boxes));
        if (content.length() > LatexTokens.MAX_LENGTH) {
            throw new IllegalArgumentException("a formula of more than " + LatexTokens.MAX_LENGTH + " characters");
        }
        return content;
    }

    private static String cleaned(String latex) {
        String text = SIZES.matcher(latex).replaceAll("");
        text = MODULUS.matcher(text).replaceAll(m -> "\\\\pmod{" + (m.group(1) != null ? m.group(1) : m.group(2) != null
                ? m.group(2) : m.group(3)) + "}");
        text = SCALE.matcher(text).replaceAll(m -> "\\\\cdot " + SCALES.get(m.group(1)));
        text = DOTS.matcher(text).replaceAll(",ℵ");
        text = DROPPED.matcher(text).replaceAll(m -> m.group().indexOf("dots") >= 0 ? " " : "");
        text = FONTS.matcher(text).replaceAll("\\\\text");
        text = text.replaceAll("\\\\[dtc]frac", "\\\\frac").replace("~=", "\\approx").replace('~', ' ');
        text = COMMA.matcher(text).replaceAll(",");
        boolean ordered = INEQUALITY.matcher(text).find();
        text = AND_OR.matcher(text).replaceAll(m -> !ordered ? ","
                : m.group().contains("or") ? "\\\\lor " : "\\\\land ");
        text = ROW_SPACE.matcher(text).replaceAll("\\\\\\\\");
        text = PERCENT.matcher(text).replaceAll("\\\\%");
        text = INFINITY.matcher(text).replaceAll("\\\\infty").replaceAll("[\\n\\t]", " ");
        return text.contains("matrix") || text.contains("\\begin") ? text : DOUBLED.matcher(text).replaceAll("\\\\");
    }

    private static String withoutUnits(String latex) {
        String text = latex;
        for (Pattern unit : List.of(UNIT_TEXT, UNITS, UNITS, DEGREES_OR_OHM)) {
            String rest = unit.matcher(text).replaceFirst("").strip();
            text = rest.isEmpty() ? text : rest;
        }
        text = SHORT_UNITS.matcher(text).replaceFirst("$1");
        return LEAD_IN.matcher(text).replaceFirst("");
    }

    private static String repaired(String latex) {
        String text = latex.startsWith(".") ? "0" + latex : latex;
        text = text.replaceAll("\\^\\s?\\(([^()]*+)\\)", "^{($1)}");
        text = text.replaceAll("(?<!\\\\)\\bsqrt\\s?\\(([^()]*+)\\)", "\\\\sqrt{$1}");
        text = text.replaceAll("\\\\sqrt\\s?\\(([^()]*+)\\)", "\\\\sqrt{$1}");
        text = text.replaceAll("(?<![\\\\a-zA-Z])sqrt", "\\\\sqrt");
        text = text.replaceAll("\\\\log_\\s?(\\d)\\s?(\\d+)", "\\\\log_{$1}{$2}");
        return text;
    }

    /// The content of the boxes `\boxed{…}` and `\fbox{…}`, or the text itself if there is none. A box that is never
    /// closed counts up to the end of the text if it is the last one.
    static String boxed(String text, Boxes boxes) {
        List<String> found = new ArrayList<>();
        int end = text.length();
        int lastStart = -1;
        int[] places = {text.length(), text.length()};
        for (int start = boxBefore(text, end, places); start >= 0; start = boxBefore(text, start, places)) {
            int open = start + (text.startsWith("\\boxed", start) ? "\\boxed".length() : "\\fbox".length());
            while (open < end && Character.isWhitespace(text.charAt(open))) {
                open++;
            }
            int close = open < end && text.charAt(open) == '{' ? closing(text, open, end) : -1;
            if (close < 0) {
                if (found.isEmpty() && open < end) {
                    found.add(text.substring(open));
                }
                break;
            }
            String content = text.substring(open + 1, close).strip();
            if (boxes == Boxes.LAST && lastStart >= 0
                    && !joined(text.substring(close + 1, lastStart), content, found.getLast())) {
                break;
            }
            if (found.isEmpty() || !found.getLast().equals(content)) {
                found.add(content);
            }
            lastStart = start;
            end = start;
        }
        Collections.reverse(found);
        return found.isEmpty() ? text : String.join(",", found);
    }

    /// The last box before a position.
    ///
    /// @param places where the last `\boxed` and `\fbox` were found, kept between calls
    private static int boxBefore(String text, int end, int[] places) {
        String[] names = {"\\boxed", "\\fbox"};
        for (int i = 0; i < names.length; i++) {
            if (places[i] >= end) {
                places[i] = end == 0 ? -1 : text.lastIndexOf(names[i], end - 1);
            }
        }
        return Math.max(places[0], places[1]);
    }

    private static int closing(String text, int open, int end) {
        int depth = 0;
        for (int i = open; i < end; i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return -1;
    }

    private static boolean joined(String between, String content, String next) {
        return between.length() < NEAR || !content.equals(next) && between.length() < WITHIN_A_SENTENCE
                && SEPARATOR.matcher(between).find();
    }

    /// The last side of a chain of equations such as `a = b = 3`; the text itself if it has fewer sides or is a list.
    static String lastSide(String latex) {
        if (latex.indexOf(',') >= 0 || latex.indexOf(';') >= 0) {
            return latex;
        }
        Matcher equals = Pattern.compile("(?<![\\\\<!>])=").matcher(latex);
        int count = 0;
        int last = 0;
        while (equals.find()) {
            count++;
            last = equals.end();
        }
        return count >= 2 ? latex.substring(last) : latex;
    }

    /// Unicode's mathematical characters as LaTeX: `x²` becomes `x^{2}`, `3½` `3\frac{1}{2}`, `√12` `\sqrt{12}` and
    /// `⌊x⌋` `\lfloor x\rfloor`. Full-width signs and digits become those of ASCII, and spaces that do not break plain
    /// ones.
    static final class UnicodeMath {
        private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ";
        private static final String RAISED = "0123456789+-ni";
        private static final String SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ₙᵢ";
        private static final String LOWERED = "0123456789ni";
        private static final Map<Character, String> SPELLED = Map.ofEntries(
                Map.entry('⌊', "\\lfloor "), Map.entry('⌋', "\\rfloor "), Map.entry('⌈', "\\lceil "),
                Map.entry('⌉', "\\rceil "), Map.entry('⟨', "\\langle "), Map.entry('⟩', "\\rangle "),
                Map.entry('⋅', "\\cdot "), Map.entry('∙', "\\cdot "), Map.entry('∗', "\\cdot "),
                Map.entry('⁄', "/"), Map.entry('∕', "/"), Map.entry('∶', ":"), Map.entry('、', ","), Map.entry('′', "'"),
                Map.entry('‐', "-"), Map.entry('‑', "-"), Map.entry('∨', "\\lor "), Map.entry('∧', "\\land "),
                Map.entry('⩽', "\\le "), Map.entry('⩾', "\\ge "), Map.entry('∣', "\\mid "),
                Map.entry('∖', "\\setminus "),
                Map.entry('\u00A0', " "), Map.entry('\u2007', " "), Map.entry('\u202F', " "));
        private static final Pattern ROOT = Pattern.compile("([√∛∜])\\s?(\\d++(?:\\.\\d++)?+)?+");
        private static final String GREEK = "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΣΦΨΩ";
        private static final List<String> LETTERS = List.of("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta",
                "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi",
                "psi",
                "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega");
        private static final char FIRST_FULL_WIDTH = '！';
        private static final char LAST_FULL_WIDTH = '～';

        private UnicodeMath() { }

        /// The text in LaTeX. A text of ASCII is the same.
        static String latex(String text) {
            if (text.chars().allMatch(c -> c < 0x80)) {
                return text;
            }
            String rooted = ROOT.matcher(text).replaceAll(found -> "\\\\sqrt" + switch (found.group(1)) {
                case "∛" -> "[3]";
                case "∜" -> "[4]";
                default -> "";
            } + (found.group(2) == null ? " " : "{" + found.group(2) + "}"));
            StringBuilder latex = new StringBuilder();
            for (int i = 0; i < rooted.length();) {
                int raised = run(rooted, i, SUPERSCRIPTS);
                int lowered = run(rooted, i, SUBSCRIPTS);
                if (raised > i) {
                    latex.append("^{").append(plain(rooted.substring(i, raised), SUPERSCRIPTS, RAISED)).append('}');
                    i = raised;
                } else if (lowered > i) {
                    latex.append("_{").append(plain(rooted.substring(i, lowered), SUBSCRIPTS, LOWERED)).append('}');
                    i = lowered;
                } else {
                    latex.append(one(rooted.charAt(i++)));
                }
            }
            return latex.toString();
        }

        private static String one(char c) {
            if (c >= FIRST_FULL_WIDTH && c <= LAST_FULL_WIDTH) {
                return String.valueOf((char) (c - FIRST_FULL_WIDTH + '!'));
            }
            if (c == '¼' || c == '½' || c == '¾' || c >= '⅐' && c <= '⅞' || c == '↉') {
                String[] parts = Normalizer.normalize(String.valueOf(c), Normalizer.Form.NFKC).split("⁄");
                return "\\frac{" + parts[0] + "}{" + parts[1] + "}";
            }
            if (GREEK.indexOf(c) >= 0) {
                return "\\" + LETTERS.get(GREEK.indexOf(c)) + " ";
            }
            return SPELLED.getOrDefault(c, String.valueOf(c));
        }

        /// The end of the characters of an alphabet that begin at a position.
        private static int run(String text, int start, String alphabet) {
            int end = start;
            while (end < text.length() && alphabet.indexOf(text.charAt(end)) >= 0) {
                end++;
            }
            return end;
        }

        private static String plain(String run, String from, String to) {
            StringBuilder plain = new StringBuilder();
            run.chars().forEach(c -> plain.append(to.charAt(from.indexOf(c))));
            return plain.toString();
        }
    }
}
