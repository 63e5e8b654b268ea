package glia.text.tool;

import glia.io.DisplayText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads literals of Python: strings, numbers, `True`, `False`, `None` (and `true`, `false`, `null`), lists, tuples and
/// dicts, nested up to 64.
///
/// A quote ends a string only before a comma, colon or closing bracket, or at the end of the text: templates write
/// strings between quotes without escaping those within.
final class PythonLiteral {
    private static final int MAX_NUMBER = 1000;

    private final String text;
    private int at;
    private int depth;
    private boolean isWithinString;

    PythonLiteral(String text) {
        this.text = text;
    }

    /// The value of a whole text.
    ///
    /// @throws CallReader.Malformed if it is no literal
    static Object parse(String text) {
        PythonLiteral literal = new PythonLiteral(text);
        Object value = literal.value();
        if (literal.peek() != 0) {
            throw literal.unexpected("the end");
        }
        return value;
    }

    /// Whether the text has ended within a string.
    boolean isWithinString() {
        return isWithinString;
    }

    CallReader.Malformed unexpected(String expected) {
        return new CallReader.Malformed(ToolProblem.Kind.INVALID_SYNTAX,
                "found " + (at < text.length() ? "'" + DisplayText.escape(text.substring(at, at + 1)) + "'"
                        : "the end") + " at character " + (at + 1) + ", expected " + expected);
    }

    /// The next character that is not blank; 0 at the end.
    char peek() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    boolean skip(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    void expect(char c) {
        if (!skip(c)) {
            throw unexpected("'" + c + "'");
        }
    }

    /// A name, with dots.
    String name() {
        peek();
        int from = at;
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at)) || "_.-/".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        if (at == from) {
            throw unexpected("a name");
        }
        return text.substring(from, at);
    }

    Object value() {
        char c = peek();
        if (c == '\'' || c == '"') {
            return string(c);
        }
        if (c == '[' || c == '(' || c == '{') {
            if (++depth > JsonScanner.MAX_DEPTH) {
                throw unexpected("a nesting of at most " + JsonScanner.MAX_DEPTH);
            }
            at++;
            Object value = c == '{' ? dict() : list(c == '[' ? ']' : ')');
            depth--;
            return value;
        }
        if (c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9') {
            return number();
        }
        int from = at;
        String word = name();
        switch (word) {
            case "True", "true" -> {
                return true;
            }
            case "False", "false" -> {
                return false;
            }
            case "None", "null" -> {
                return null;
            }
            default -> {
                at = from;
                throw unexpected("a value");
            }
        }
    }

    private List<Object> list(char end) {
        List<Object> list = new ArrayList<>();
        while (!skip(end)) {
            list.add(value());
            if (!skip(',')) {
                expect(end);
                break;
            }
        }
        return list;
    }

    private Map<String, Object> dict() {
        Map<String, Object> dict = new LinkedHashMap<>();
        while (!skip('}')) {
            char quote = peek();
            if (quote != '\'' && quote != '"') {
                throw unexpected("a key in quotes");
            }
            String key = string(quote);
            expect(':');
            dict.put(key, value());
            if (!skip(',')) {
                expect('}');
                break;
            }
        }
        return dict;
    }

    private Object number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789_".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(from, at).replace("_", "");
        if (digits.length() > MAX_NUMBER) {
            throw unexpected("a number of at most " + MAX_NUMBER + " characters");
        }
        try {
            if (digits.matches("[-+]?[0-9]+")) {
                return new BigInteger(digits);
            }
            double value = Double.parseDouble(digits);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        at = from;
        throw unexpected("a number");
    }

    private String string(char quote) {
        StringBuilder value = new StringBuilder();
        at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == quote && endsString()) {
                return value.toString();
            }
            if (c == '\\' && at < text.length()) {
                escape(value);
            } else {
                value.append(c);
            }
        }
        isWithinString = true;
        throw unexpected("a closing quote");
    }

    private boolean endsString() {
        int next = at;
        while (next < text.length() && Character.isWhitespace(text.charAt(next))) {
            next++;
        }
        return next == text.length() || ",:)]}".indexOf(text.charAt(next)) >= 0;
    }

    private void escape(StringBuilder value) {
        char c = text.charAt(at++);
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
        // `\/` is JSON's.
        int simple = "\\'\"ntrbf/".indexOf(c);
        if (simple >= 0) {
            value.append("\\'\"\n\t\r\b\f/".charAt(simple));
        } else if (digits > 0 && at + digits <= text.length()
                && text.substring(at, at + digits).matches("[0-9a-fA-F]+")) {
            value.append((char) Integer.parseInt(text.substring(at, at + digits), 16));
            at += digits;
        } else {
            value.append('\\').append(c);
        }
    }
}
