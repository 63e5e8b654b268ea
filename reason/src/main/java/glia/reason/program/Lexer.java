package glia.reason.program;

import glia.reason.program.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Splits a program into tokens, with Python's rules for indentation, comments and lines within brackets.
final class Lexer {
    private static final int MAX_CHARACTERS = 20_000;
    private static final int MAX_INDENTS = 40;
    private static final List<String> LONG_SIGNS = List.of("**=", "//=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "%=",
            "**", "//");
    private static final String SIGNS = "+-*/%<>=()[],:.";

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Integer> indents = new ArrayDeque<>(List.of(0));
    private int at;
    private int line = 1;
    private int brackets;

    private Lexer(String text) {
        this.text = text;
    }

    static List<Token> tokens(String source) throws ProgramException {
        if (source.length() > MAX_CHARACTERS) {
            throw new ProgramException(1, "found a program of " + source.length() + " characters, at most "
                    + MAX_CHARACTERS + " are run");
        }
        Lexer lexer = new Lexer(source.replace("\r\n", "\n"));
        lexer.read();
        return lexer.tokens;
    }

    private void read() throws ProgramException {
        boolean isLineStart = true;
        while (true) {
            if (isLineStart && brackets == 0 && !indentation()) {
                break;
            }
            isLineStart = false;
            skipBlanks();
            if (at >= text.length()) {
                break;
            }
            char c = text.charAt(at);
            if (c == '\n') {
                if (brackets == 0) {
                    add(Kind.NEWLINE, "");
                    isLineStart = true;
                }
                line++;
                at++;
            } else if (Character.isLetter(c) || c == '_') {
                add(Kind.NAME, run(true));
            } else if (c >= '0' && c <= '9') {
                add(Kind.NUMBER, run(false));
            } else if (c == '\'' || c == '"') {
                string(c);
            } else {
                sign();
            }
        }
        if (!tokens.isEmpty() && tokens.getLast().kind() != Kind.NEWLINE) {
            add(Kind.NEWLINE, "");
        }
        for (; indents.size() > 1; indents.pop()) {
            add(Kind.DEDENT, "");
        }
        add(Kind.END, "");
    }

    private void add(Kind kind, String value) {
        tokens.add(new Token(kind, value, line));
    }

    /// Compares the indentation of the next line that is not blank with that of the lines before it.
    ///
    /// @return false at the end
    private boolean indentation() throws ProgramException {
        int start = at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                line++;
                start = at + 1;
            } else if (c == '#') {
                at = endOfLine();
                continue;
            } else if (c == '\t') {
                throw new ProgramException(line, "found a tab before the first word, expected spaces");
            } else if (c != ' ') {
                break;
            }
            at++;
        }
        if (at >= text.length()) {
            return false;
        }
        int width = at - start;
        if (width > indents.peek()) {
            if (indents.size() > MAX_INDENTS) {
                throw new ProgramException(line, "found more than " + MAX_INDENTS + " nested blocks");
            }
            indents.push(width);
            add(Kind.INDENT, "");
        }
        while (width < indents.peek()) {
            indents.pop();
            add(Kind.DEDENT, "");
        }
        if (width != indents.peek()) {
            throw new ProgramException(line, "found an indentation that no line before it has");
        }
        return true;
    }

    private int endOfLine() {
        int end = text.indexOf('\n', at);
        return end < 0 ? text.length() : end;
    }

    private void skipBlanks() {
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '#')) {
            at = text.charAt(at) == '#' ? endOfLine() : at + 1;
        }
    }

    private String run(boolean isName) throws ProgramException {
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        String word = text.substring(start, at);
        if (!isName && !word.matches("0|[1-9][0-9]{0,999}")) {
            throw new ProgramException(line, "found the number '" + word.substring(0, Math.min(20, word.length()))
                    + "', expected at most 1,000 digits without a leading 0");
        }
        return word;
    }

    private void string(char quote) throws ProgramException {
        StringBuilder value = new StringBuilder();
        int start = at++;
        while (at < text.length() && text.charAt(at) != quote && text.charAt(at) != '\n') {
            char c = text.charAt(at++);
            if (c == '\\' && at < text.length()) {
                char escaped = text.charAt(at++);
                value.append(switch (escaped) {
                    case 'n' -> '\n';
                    case '\\', '\'', '"' -> escaped;
                    default -> throw new ProgramException(line, "found the escape sequence \\" + escaped
                            + ", expected \\n, \\\\, \\' or \\\"");
                });
            } else {
                value.append(c);
            }
        }
        if (at >= text.length() || text.charAt(at) != quote) {
            throw new ProgramException(line, "found no end of the string that begins with "
                    + text.substring(start, Math.min(text.length(), start + 10)).strip());
        }
        at++;
        add(Kind.STRING, value.toString());
    }

    private void sign() throws ProgramException {
        for (String sign : LONG_SIGNS) {
            if (text.startsWith(sign, at)) {
                at += sign.length();
                add(Kind.SIGN, sign);
                return;
            }
        }
        char c = text.charAt(at++);
        if (SIGNS.indexOf(c) < 0) {
            throw new ProgramException(line, "found the character '" + c + "', which has no meaning here");
        }
        brackets += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
        brackets = Math.max(0, brackets);
        add(Kind.SIGN, Character.toString(c));
    }
}
