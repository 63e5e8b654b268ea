package glia.reason.task;

import glia.reason.reward.math.Rational;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Reads the numbers of a final answer, such as `x = -2 or x = 3`, `2/3 and 5`, `±3` or `The answer is 7.` Words
/// between numbers are allowed, but no computation: `x - 2` and `2 + 3` are not numbers.
final class AnswerNumbers {
    private static final String SIGNS = "+-\u2212";
    private static final String ALLOWED = ",;:.!'\"`()[]{}$\u2208=";
    /// Words that turn a number into another one, or leave it open.
    private static final Set<String> FORBIDDEN = Set.of("not", "no", "never", "neither", "nor", "except", "sqrt",
            "minus", "plus", "over", "squared", "cubed", "half", "percent", "approximately", "about", "around",
            "roughly", "maybe", "perhaps", "wrong", "false", "incorrect", "nothing", "none", "hundred", "thousand",
            "million", "billion", "dozen", "pi", "sin", "cos", "tan", "log", "ln", "exp", "abs");

    /// What stands between several answers.
    private static final Pattern SEPARATORS = Pattern.compile("[,;\n]|\\b(or|and|not)\\b");

    /// `1,234,567`. A space between digits separates numbers.
    private static final Pattern GROUPS = Pattern.compile("(?<![\\d.,])\\d{1,3}(?:,\\d{3})++(?!\\d)");
    private static final Pattern QUOTIENT = Pattern.compile("(\\d) ?/ ?(\\d)");
    private static final Pattern NEGATIVE_DENOMINATOR = Pattern.compile("(?<![\\d/.])(\\d{1,30}+)/[-\u2212](\\d)");
    private static final Pattern BRACKETS = Pattern.compile("(?<=[-\u2212])\\((\\d{1,30}/\\d{1,30})\\)");
    private static final Pattern NUMERATOR = Pattern.compile("\\(([-\u2212]\\d{1,30})\\) ?/ ?(?=\\d)");
    /// Letters that turn a number before them into another one.
    private static final Set<String> FACTORS = Set.of("i", "j", "k", "n", "x", "\u03C0");

    private final String text;
    private final List<Rational> numbers = new ArrayList<>();
    private int at;
    /// What stood before the present place: `w` a word, `v` a variable or the word "times", `n` a number, `)` a closing
    /// bracket, `=` or another allowed sign.
    private char before = ' ';
    private boolean spaceBefore;

    private AnswerNumbers(String text) {
        this.text = text;
    }

    /// All numbers in their order; empty if something in the text is neither a number nor an allowed word.
    static Optional<List<Rational>> in(String text) {
        return new AnswerNumbers(plain(text)).read();
    }

    /// The only number, or the only one after the last `=` of `x = 7`, `3 + 4 = 7` or `2 * 3 + 1 = 6 + 1 = 7`. A comma
    /// between groups of three digits is left out: `1,234`. What follows `≈` does not count.
    static Optional<Rational> single(String all) {
        int near = all.indexOf('\u2248');
        String text = near > 0 && all.substring(0, near).chars().anyMatch(c -> c >= '0' && c <= '9')
                ? all.substring(0, near) : all;
        int last = text.lastIndexOf('=');
        String left = text.substring(0, Math.max(0, last));
        if (SEPARATORS.matcher(left).find() || left.substring(left.indexOf('=') + 1).chars().anyMatch(
                c -> left.indexOf('=') >= 0 && Character.isLetter(c))) {
            return Optional.empty();
        }
        String part = GROUPS.matcher(text.substring(last + 1))
                .replaceAll(found -> found.group().replace(",", ""));
        return in(part).filter(found -> found.size() == 1).map(List::getFirst);
    }

    /// The text without LaTeX's layout.
    private static String plain(String text) {
        String plain = text.replace("\\pm", "\u00B1").replace("**", "").replace("\\{", "{").replace("\\}", "}")
                .replaceAll("\\\\(text|quad|in|mathrm)(?![a-zA-Z])", " ");
        plain = QUOTIENT.matcher(plain).replaceAll("$1/$2");
        plain = NEGATIVE_DENOMINATOR.matcher(plain).replaceAll("-$1/$2");
        return BRACKETS.matcher(NUMERATOR.matcher(plain).replaceAll("$1/")).replaceAll("$1").strip();
    }

    private Optional<List<Rational>> read() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
                spaceBefore = true;
                continue;
            }
            boolean isRead = Character.isLetter(c) ? word() : isDigit(c) ? number(1)
                    : SIGNS.indexOf(c) >= 0 ? signed(c == '+' ? 1 : -1) : c == '\u00B1' ? signed(0) : punctuation(c);
            if (!isRead) {
                return Optional.empty();
            }
            spaceBefore = false;
        }
        return Optional.of(List.copyOf(numbers));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private boolean word() {
        if (before == 'n' && !spaceBefore) {
            return false;
        }
        int start = at;
        while (at < text.length() && (Character.isLetter(text.charAt(at))
                || text.charAt(at) == '\'' || text.charAt(at) == '\u2019')) {
            at++;
        }
        String word = text.substring(start, at).toLowerCase(Locale.ROOT).replace('\u2019', '\'');
        if (FORBIDDEN.contains(word) || word.endsWith("n't")) {
            return false;
        }
        int end = at;
        at += at < text.length() && text.charAt(at) == '_' ? 1 : 0;
        boolean isBraced = at > end && at < text.length() && text.charAt(at) == '{';
        at += isBraced ? 1 : 0;
        int digits = at;
        while (at < text.length() && (isDigit(text.charAt(at)) || isSubscript(text.charAt(at)))) {
            at++;
        }
        if (at == digits && at > end) {
            return false;
        }
        if (isBraced && (at >= text.length() || text.charAt(at++) != '}')
                || before == 'n' && FACTORS.contains(word) && !nextIs('=')) {
            return false;
        }
        before = at > end || word.length() == 1 || word.equals("times") ? 'v' : 'w';
        return at == end || nextIs('=') || nextIs(':');
    }

    private static boolean isSubscript(char c) {
        return c >= '\u2080' && c <= '\u2089';
    }

    private boolean nextIs(char wanted) {
        int next = at;
        while (next < text.length() && Character.isWhitespace(text.charAt(next))) {
            next++;
        }
        return next < text.length() && text.charAt(next) == wanted;
    }

    /// A sign before a number: never after a number, a variable or a closing bracket, where it is an operator.
    private boolean signed(int sign) {
        boolean isOperator = before == 'n' || before == 'v' || before == ')'
                || before == 'w' && !spaceBefore;
        at++;
        boolean wordBefore = before == 'w';
        int start = at;
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return !isOperator && !(wordBefore && at > start) && at < text.length() && isDigit(text.charAt(at))
                && number(sign);
    }

    /// @param sign 1, -1, or 0 for both
    private boolean number(int sign) {
        if (before == 'n' || before == ')' || before == 'v' || before == 'w' && !spaceBefore && sign == 1) {
            return false;
        }
        int start = at;
        digits();
        if (at + 1 < text.length() && text.charAt(at) == '.' && isDigit(text.charAt(at + 1))) {
            at++;
            digits();
        }
        Rational value = Rational.parse(text.substring(start, at));
        if (at + 1 < text.length() && text.charAt(at) == '/' && isDigit(text.charAt(at + 1))) {
            int slash = at++;
            digits();
            Rational denominator = Rational.parse(text.substring(slash + 1, at));
            if (denominator.isZero()) {
                return false;
            }
            value = value.divide(denominator);
        }
        if (sign >= 0) {
            numbers.add(value);
        }
        if (sign <= 0) {
            numbers.add(value.negate());
        }
        before = 'n';
        return true;
    }

    private void digits() {
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
    }

    private boolean punctuation(char c) {
        if (ALLOWED.indexOf(c) < 0 || c == '=' && before != 'v' && before != 'w'
                || (c == '(' || c == '[') && (before == 'n' || before == 'v') && !spaceBefore
                || before == 'n' && (c == '!' && at < text.length() - 1 || text.startsWith("..", at))) {
            return false;
        }
        at++;
        before = ")]".indexOf(c) >= 0 ? ')' : c;
        return true;
    }
}
