package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A formula in a text.
///
/// @param content the LaTeX between the delimiters
/// @param start where the opening delimiter begins
/// @param end after the closing delimiter, and after a percent sign if one follows
/// @param percent whether a percent sign follows
record Formula(String content, int start, int end, boolean percent) {
    private static final Pattern PERCENT = Pattern.compile("\\s*+(?:\\\\?%|[Pp]ercent(?:age)?|[Pp]ct)");
    private static final Pattern FRACTION = Pattern.compile(
            "-?+\\\\frac\\{-?+\\d++(?:[.,]\\d++)?+\\}\\{-?+\\d++(?:[.,]\\d++)?+\\}");

    /// The formulas of a text, in order and without overlaps.
    static List<Formula> all(String text) {
        List<Formula> found = new ArrayList<>();
        // Delimiters that are not closed before these positions: $$, \[, \(.
        int[] unclosed = {0, 0, 0};
        int at = 0;
        while (at < text.length()) {
            Formula formula = at(text, at, unclosed);
            if (formula != null) {
                found.add(formula);
                at = formula.end;
            } else {
                at++;
            }
        }
        return found;
    }

    private static Formula at(String text, int i, int[] unclosed) {
        char c = text.charAt(i);
        boolean escaped = i > 0 && text.charAt(i - 1) == '\\';
        if (c == '$' && !escaped) {
            Formula display = text.startsWith("$$", i) ? between(text, i, "$$", unclosed, 0) : null;
            return display != null ? display : i > 0 && isDigit(text.charAt(i - 1)) ? null : inline(text, i);
        }
        if (c == '\\' && !escaped && i + 1 < text.length()) {
            if (text.charAt(i + 1) == '[' || text.charAt(i + 1) == '(') {
                boolean display = text.charAt(i + 1) == '[';
                return between(text, i, display ? "\\]" : "\\)", unclosed, display ? 1 : 2);
            }
        }
        if (Character.isWhitespace(c) && i + 1 < text.length() && text.charAt(i + 1) == '[') {
            return bracket(text, i);
        }
        return c == '\\' || c == '-' ? fraction(text, i) : null;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /// A formula between two delimiters of two characters.
    ///
    /// @param kind the index in `unclosed`; formulas of kind 2 lie in one line
    private static Formula between(String text, int start, String closing, int[] unclosed, int kind) {
        if (start < unclosed[kind]) {
            return null;
        }
        int from = start + 2;
        int end = from + 1;
        while (end < text.length() && !(text.startsWith(closing, end) && text.charAt(end - 1) != '\\')
                && !(kind == 2 && text.charAt(end - 1) == '\n')) {
            end++;
        }
        if (!text.startsWith(closing, end)) {
            unclosed[kind] = end;
            return null;
        }
        return of(text, text.substring(from, end), start, end + closing.length());
    }

    private static Formula inline(String text, int start) {
        for (int i = start + 1; i < text.length() && text.charAt(i) != '\n'; i++) {
            if (text.charAt(i) == '\\' && i + 1 < text.length() && text.charAt(i + 1) == '$') {
                i++;
            } else if (text.charAt(i) == '$') {
                return i == start + 1 ? null : of(text, text.substring(start + 1, i), start, i + 1);
            }
        }
        return null;
    }

    private static Formula bracket(String text, int start) {
        for (int i = start + 2; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ']') {
                boolean space = i + 1 < text.length() && Character.isWhitespace(text.charAt(i + 1));
                return space && i > start + 2 ? of(text, text.substring(start + 2, i), start, i + 2) : null;
            }
            if (c == '[' || c == '\n') {
                return null;
            }
        }
        return null;
    }

    private static Formula fraction(String text, int start) {
        Matcher matcher = FRACTION.matcher(text).region(start, text.length());
        return matcher.lookingAt() ? of(text, matcher.group(), start, matcher.end()) : null;
    }

    private static Formula of(String text, String content, int start, int end) {
        Matcher percent = PERCENT.matcher(text).region(end, text.length());
        boolean follows = percent.lookingAt();
        return new Formula(content, start, follows ? percent.end() : end, follows);
    }
}
