package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Splits LaTeX into tokens: numbers, letters, commands, words in `\text{…}`, and single characters.
final class LatexTokens {
    /// Kinds of tokens.
    enum Kind { NUMBER, LETTER, COMMAND, TEXT, CHARACTER, END }

    /// A token.
    ///
    /// @param text a number's digits, a letter, a command with its backslash, the content of `\text`, or a character
    /// @param start where it begins
    record Token(Kind kind, String text, int start) {
        boolean is(String wanted) {
            return text.equals(wanted) && kind != Kind.TEXT;
        }
    }

    /// The longest text that is parsed.
    static final int MAX_LENGTH = 20_000;
    private static final Map<Character, String> SYNONYMS = Map.ofEntries(Map.entry('π', "\\pi"),
            Map.entry('∞', "\\infty"), Map.entry('×', "\\times"), Map.entry('·', "\\cdot"), Map.entry('÷', "\\div"),
            Map.entry('≤', "\\le"), Map.entry('≥', "\\ge"), Map.entry('≠', "\\ne"), Map.entry('∪', "\\cup"),
            Map.entry('∩', "\\cap"), Map.entry('∈', "\\in"), Map.entry('∅', "\\emptyset"), Map.entry('±', "\\pm"),
            Map.entry('∓', "\\mp"), Map.entry('≈', "\\approx"), Map.entry('√', "\\sqrt"), Map.entry('ℝ', "\\R"),
            Map.entry('ℤ', "\\Z"), Map.entry('ℕ', "\\N"), Map.entry('ℚ', "\\Q"), Map.entry('ℂ', "\\C"));

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private LatexTokens(String text) {
        this.text = text;
    }

    /// @throws IllegalArgumentException for a text of more than 20,000 characters
    static List<Token> of(String latex) {
        if (latex.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("an expression of more than " + MAX_LENGTH + " characters");
        }
        return new LatexTokens(latex).all();
    }

    private List<Token> all() {
        while (at < text.length()) {
            char c = text.charAt(at);
            int start = at;
            if (Character.isWhitespace(c) || c == '~') {
                at++;
            } else if (c >= '0' && c <= '9' || c == '.' && digit(at + 1)) {
                number();
            } else if (c == '\\') {
                command();
            } else if (SYNONYMS.containsKey(c)) {
                add(Kind.COMMAND, SYNONYMS.get(c), start);
                at++;
            } else if (c == '−' || c == '–') {
                add(Kind.CHARACTER, "-", start);
                at++;
            } else if (c == '°') {
                add(Kind.COMMAND, "\\degree", start);
                at++;
            } else {
                int point = text.codePointAt(at);
                at += Character.charCount(point);
                add(Character.isLetter(point) ? Kind.LETTER : Kind.CHARACTER, text.substring(start, at), start);
            }
        }
        add(Kind.END, "", at);
        return tokens;
    }

    private boolean digit(int index) {
        return index < text.length() && text.charAt(index) >= '0' && text.charAt(index) <= '9';
    }

    private void add(Kind kind, String value, int start) {
        tokens.add(new Token(kind, value, start));
    }

    private void number() {
        int start = at;
        digits();
        if (at < text.length() && text.charAt(at) == '.' && (digit(at + 1) || repeats(at + 1))) {
            at++;
            digits();
        }
        add(Kind.NUMBER, text.substring(start, at), start);
    }

    private boolean repeats(int index) {
        return text.startsWith("\\overline{", index) || text.startsWith("\\bar{", index)
                || text.startsWith("\\dot{", index) || text.startsWith("\\overline ", index);
    }

    private void digits() {
        while (digit(at)) {
            at++;
        }
    }

    private void command() {
        int start = at++;
        while (at < text.length() && letter(text.charAt(at))) {
            at++;
        }
        if (at == start + 1 && at < text.length()) {
            at++;
        }
        String name = text.substring(start, at);
        switch (name) {
            case "\\wedge" -> add(Kind.COMMAND, "\\land", start);
            case "\\vee" -> add(Kind.COMMAND, "\\lor", start);
            case "\\text", "\\mbox", "\\textrm", "\\operatorname", "\\hbox" -> words(name, start);
            case "\\,", "\\;", "\\:", "\\!", "\\ ", "\\>", "\\quad", "\\qquad", "\\thinspace", "\\left", "\\right",
                    "\\big", "\\Big", "\\bigg", "\\Bigg", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl", "\\biggr",
                    "\\Biggl", "\\Biggr", "\\limits", "\\displaystyle", "\\mleft", "\\mright" -> { }
            default -> add(Kind.COMMAND, name, start);
        }
    }

    private static boolean letter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private void words(String name, int start) {
        int open = at;
        while (open < text.length() && text.charAt(open) == ' ') {
            open++;
        }
        if (open >= text.length() || text.charAt(open) != '{') {
            return;
        }
        int depth = 0;
        int end = open;
        do {
            depth += text.charAt(end) == '{' ? 1 : text.charAt(end) == '}' ? -1 : 0;
            end++;
        } while (depth > 0 && end < text.length());
        String content = text.substring(open + 1, depth == 0 ? end - 1 : end);
        at = end;
        add(name.equals("\\operatorname") ? Kind.COMMAND : Kind.TEXT,
                name.equals("\\operatorname") ? "\\" + content.strip() : content, start);
    }
}
