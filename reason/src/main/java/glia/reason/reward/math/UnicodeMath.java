package glia.reason.reward.math;

import java.text.Normalizer;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Unicode's mathematical characters as LaTeX: `x²` becomes `x^{2}`, `3½` `3\frac{1}{2}`, `√12` `\sqrt{12}` and `⌊x⌋`
/// `\lfloor x\rfloor`. Full-width signs and digits become those of ASCII, and spaces that do not break plain ones.
final class UnicodeMath {
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
            Map.entry('⩽', "\\le "), Map.entry('⩾', "\\ge "), Map.entry('∣', "\\mid "), Map.entry('∖', "\\setminus "),
            Map.entry('\u00A0', " "), Map.entry('\u2007', " "), Map.entry('\u202F', " "));
    private static final Pattern ROOT = Pattern.compile("([√∛∜])\\s?(\\d++(?:\\.\\d++)?+)?+");
    private static final String GREEK = "αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΣΦΨΩ";
    private static final List<String> LETTERS = List.of("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta",
            "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
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
