package glia.jinja.syntax;

import glia.jinja.syntax.Lexer.Token;
import glia.jinja.value.JinjaError;
import java.util.List;

/// The tokens of a template and the current position.
final class Tokens {
    /// How deep expressions and blocks may nest.
    private static final int MAX_DEPTH = 150;

    private final List<Token> tokens;
    private int at;
    private int depth;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    /// The current token; the last one is the end of the source.
    Token current() {
        return tokens.get(at);
    }

    /// The token after it.
    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /// Consumes the token.
    Token next() {
        Token token = current();
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    /// Consumes the operator if it is next.
    boolean skip(String operator) {
        boolean found = current().is(operator);
        if (found) {
            next();
        }
        return found;
    }

    /// Consumes the name if it is next.
    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    /// Consumes the operator, which must be next.
    void expect(String operator) {
        if (!skip(operator)) {
            throw expected("'" + operator + "'");
        }
    }

    /// Consumes the name, which must be next.
    void expectName(String name) {
        if (!skipName(name)) {
            throw expected("'" + name + "'");
        }
    }

    /// Consumes a token of this kind, which must be next.
    Token expect(Token.Kind kind, String description) {
        if (current().kind() != kind) {
            throw expected(description);
        }
        return next();
    }

    /// The error of a token other than the expected one.
    JinjaError expected(String what) {
        return error("expected " + what + ", found " + current().description());
    }

    /// An error at the current position.
    JinjaError error(String message) {
        return new JinjaError(message).at(current().line());
    }

    /// Enters a nested level.
    void enter() {
        if (++depth > MAX_DEPTH) {
            throw error("nested more than " + MAX_DEPTH + " levels deep");
        }
    }

    /// Leaves a nested level.
    void exit() {
        depth--;
    }
}
