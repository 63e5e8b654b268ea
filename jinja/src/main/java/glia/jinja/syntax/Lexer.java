package glia.jinja.syntax;

import glia.jinja.value.JinjaError;
import glia.jinja.value.Text;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// Splits a template into text and the tokens of its tags. White space is handled as chat templates expect it: the
/// newline after a block is dropped (`trim_blocks`), so are blanks from the start of a line to a block
/// (`lstrip_blocks`), one newline at the end of the source, and white space beside `-`; `+` keeps it.
final class Lexer {
    private static final int MAX_LENGTH = 1 << 20;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    /// The brackets still open in the current tag, by what closes them.
    private final ArrayDeque<Character> open = new ArrayDeque<>();
    /// One object for each name, also for those that the interpreter assigns by itself.
    private final HashMap<String, String> names = new HashMap<>();
    private int at;
    private int line = 1;
    private int lineCountedTo;

    private Lexer(String source) {
        this.source = source;
        for (String name : List.of("loop", "caller", "kwargs", "varargs")) {
            names.put(name, name);
        }
    }

    static List<Token> tokens(String source) {
        if (source.length() > MAX_LENGTH) {
            throw new JinjaError("the template has " + source.length() + " characters, more than " + MAX_LENGTH);
        }
        String lines = source.indexOf('\r') < 0 ? source : source.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
        try {
            lexer.run();
        } catch (JinjaError e) {
            throw e.at(lexer.line());
        }
        return lexer.tokens;
    }

    /// The line of the current place.
    private int line() {
        for (; lineCountedTo < at; lineCountedTo++) {
            if (source.charAt(lineCountedTo) == '\n') {
                line++;
            }
        }
        return line;
    }

    private void add(Token.Kind kind, String text, Object value) {
        tokens.add(new Token(kind, text, value, line()));
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag(at);
            if (tag < 0) {
                add(Token.Kind.DATA, source.substring(at), null);
                at = source.length();
            } else {
                tag(tag);
            }
        }
        add(Token.Kind.END, "", null);
    }

    /// The position of the next `{{`, `{%` or `{#`, or −1.
    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char c = source.charAt(i + 1);
            if (c == '{' || c == '%' || c == '#') {
                return i;
            }
        }
        return -1;
    }

    private void tag(int start) {
        char type = source.charAt(start + 1);
        char sign = charAt(start + 2);
        boolean signed = sign == '-' || sign == '+';
        data(at, start, sign, type != '{');
        at = start + (signed ? 3 : 2);
        if (type == '#') {
            skipComment();
        } else if (type == '{') {
            add(Token.Kind.PRINT_BEGIN, "{{", null);
            inside(Token.Kind.PRINT_END);
        } else if (!raw()) {
            add(Token.Kind.BLOCK_BEGIN, "{%", null);
            inside(Token.Kind.BLOCK_END);
        }
    }

    /// Adds the text from `start` up to a tag, without the white space that the tag removes.
    private void data(int start, int end, char sign, boolean stripsLine) {
        int to = end;
        if (sign == '-') {
            to = start + Text.strip(source.substring(start, end), false, true).length();
        } else if (sign != '+' && stripsLine) {
            int blank = end;
            while (blank > start && source.charAt(blank - 1) != '\n' && Text.isSpace(source.charAt(blank - 1))) {
                blank--;
            }
            // After a tag on the same line, blanks are kept.
            if (blank == 0 || source.charAt(blank - 1) == '\n') {
                to = blank;
            }
        }
        if (to > start) {
            add(Token.Kind.DATA, source.substring(start, to), null);
        }
    }

    private char charAt(int index) {
        return index < source.length() ? source.charAt(index) : 0;
    }

    private int skipSpace(int from) {
        int i = from;
        while (i < source.length() && Text.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private void skipComment() {
        int end = source.indexOf("#}", at);
        if (at == source.length()) {
            // As in Jinja, a tag that the source ends with is taken for closed.
            return;
        }
        if (end < 0) {
            throw new JinjaError("Missing end of comment tag");
        }
        char sign = end > at ? source.charAt(end - 1) : 0;
        at = afterEnd(end + 2, sign, true);
    }

    /// The position after a tag that ends before `end` and has this sign before its end.
    private int afterEnd(int end, char sign, boolean trims) {
        if (sign == '-') {
            return skipSpace(end);
        }
        return trims && sign != '+' && charAt(end) == '\n' ? end + 1 : end;
    }

    /// Consumes a whole raw section, if one starts here.
    private boolean raw() {
        int start = afterKeyword(at, "raw", false);
        if (start < 0) {
            return false;
        }
        for (int i = source.indexOf("{%", start); i >= 0; i = source.indexOf("{%", i + 1)) {
            char sign = charAt(i + 2);
            int next = afterKeyword(i + (sign == '-' || sign == '+' ? 3 : 2), "endraw", true);
            if (next >= 0) {
                at = start;
                data(start, i, sign, true);
                at = next;
                return true;
            }
        }
        if (start == source.length()) {
            at = start;
            return true;
        }
        throw new JinjaError("Missing end of raw directive");
    }

    /// The position after a block that consists of this keyword alone, or −1.
    private int afterKeyword(int from, String keyword, boolean trims) {
        int i = skipSpace(from);
        if (!source.startsWith(keyword, i)) {
            return -1;
        }
        i = skipSpace(i + keyword.length());
        char sign = charAt(i);
        boolean signed = sign == '-' || trims && sign == '+';
        i += signed ? 1 : 0;
        return source.startsWith("%}", i) ? afterEnd(i + 2, signed ? sign : 0, trims) : -1;
    }

    /// Reads the tokens of a tag up to its end.
    private void inside(Token.Kind end) {
        String closing = end == Token.Kind.PRINT_END ? "}}" : "%}";
        boolean trims = end == Token.Kind.BLOCK_END;
        open.clear();
        while (true) {
            at = skipSpace(at);
            if (at >= source.length()) {
                return;
            }
            char c = source.charAt(at);
            boolean signed = c == '-' || trims && c == '+';
            if (open.isEmpty() && source.startsWith(closing, signed ? at + 1 : at)) {
                add(end, closing, null);
                at = afterEnd(at + (signed ? 3 : 2), signed ? c : 0, trims);
                return;
            }
            token(c);
        }
    }

    private void token(char c) {
        if (c >= '0' && c <= '9') {
            Literals.Scanned number = Literals.number(source, at);
            add(number.value() instanceof Double ? Token.Kind.FLOAT : Token.Kind.INTEGER,
                    source.substring(at, number.end()), number.value());
            at = number.end();
        } else if (c == '\'' || c == '"') {
            Literals.Scanned string = Literals.string(source, at);
            add(Token.Kind.STRING, "string", string.value());
            at = string.end();
        } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
            int end = at;
            while (end < source.length() && isNamePart(source.codePointAt(end))) {
                end += Character.charCount(source.codePointAt(end));
            }
            String name = source.substring(at, end);
            String known = names.putIfAbsent(name, name);
            add(Token.Kind.NAME, known == null ? name : known, null);
            at = end;
        } else {
            operator(c);
        }
    }

    private static boolean isNamePart(int c) {
        return c == '_' || Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
    }

    private void operator(char c) {
        String two = at + 2 <= source.length() ? source.substring(at, at + 2) : "";
        String operator = switch (two) {
            case "//", "**", "==", "!=", ">=", "<=" -> two;
            default -> String.valueOf(c);
        };
        if (operator.length() == 1 && "+-/*%~[](){}><=.:|,;".indexOf(c) < 0) {
            throw new JinjaError("unexpected char '" + Character.toString(source.codePointAt(at)) + "'");
        }
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> close(c);
            default -> { }
        }
        add(Token.Kind.OPERATOR, operator, null);
        at += operator.length();
    }

    private void close(char c) {
        if (open.isEmpty()) {
            throw new JinjaError("unexpected '" + c + "'");
        }
        char expected = open.pop();
        if (expected != c) {
            throw new JinjaError("unexpected '" + c + "', expected '" + expected + "'");
        }
    }

    /// A piece of a template's source.
    ///
    /// @param text the text between tags, the name, the operator, the tag's bracket; for numbers as they are written
    /// @param value the value of a literal
    record Token(Kind kind, String text, Object value, int line) {
        enum Kind { DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

        boolean is(String operator) {
            return kind == Kind.OPERATOR && text.equals(operator);
        }

        boolean isName(String name) {
            return kind == Kind.NAME && text.equals(name);
        }

        /// The description in messages.
        String description() {
            return switch (kind) {
                case DATA -> "text";
                case STRING -> "a string";
                case PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
                case END -> "the end of the template";
            };
        }
    }
}
