package glia.reason.program;

import glia.reason.program.Token.Kind;
import java.util.List;
import java.util.Set;

/// The tokens of a program, from the first to the last.
final class Tokens {
    private static final Set<String> KEYWORDS = Set.of("if", "elif", "else", "while", "for", "in", "def", "return",
            "break", "continue", "pass", "and", "or", "not", "True", "False", "None", "import", "from", "class",
            "lambda",
            "with", "try", "except", "raise", "global", "del", "is", "as", "yield", "assert", "nonlocal", "async",
            "await", "finally");

    private final List<Token> all;
    private int at;

    Tokens(List<Token> all) {
        this.all = all;
    }

    Token peek() {
        return all.get(at);
    }

    /// The token after the next.
    Token second() {
        return all.get(Math.min(at + 1, all.size() - 1));
    }

    Token take() {
        return all.get(at++);
    }

    /// Takes the next token if it is this one.
    boolean skip(String sign) {
        if (peek().is(sign)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(String sign) throws ProgramException {
        if (!skip(sign)) {
            throw unexpected("'" + sign + "'");
        }
    }

    void expectNewline() throws ProgramException {
        if (peek().kind() != Kind.NEWLINE) {
            throw unexpected("the end of the line");
        }
        take();
    }

    /// A name that is not a keyword.
    String name() throws ProgramException {
        if (peek().kind() != Kind.NAME || KEYWORDS.contains(peek().text())) {
            throw unexpected("a name");
        }
        return take().text();
    }

    ProgramException unexpected(String expected) {
        return new ProgramException(peek().line(), "found " + peek().shown() + ", expected " + expected);
    }
}
