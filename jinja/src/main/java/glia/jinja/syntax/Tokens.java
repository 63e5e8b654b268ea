package glia.jinja.syntax;

import glia.jinja.value.JinjaError;

import java.util.List;

/// The tokens of a template with a place among them.
final class Tokens {
    /// How deep expressions and blocks may nest.
    private static final int MAX_DEPTH = 150;

    private final List<Token> tokens;
    private int at;
    private int depth;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    /// The token at the place; at the end, the end.
    Token current() {
        return tokens.get(at);
    }

    /// The token after it.
    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /// Takes the token and moves on.
    Token next() {
        Token token = current();
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    /// Takes the operator if it is there.
    boolean skip(String operator) {
        boolean found = current().is(operator);
        if (found) {
            next();
        }
        return found;
    }

    /// Takes the name if it is there.
    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    /// Takes the operator, which must be there.
    void expect(String operator) {
        if (!skip(operator)) {
            throw expected("'" + operator + "'");
        }
    }

    /// Takes the name, which must be there.
    void expectName(String name) {
        if (!skipName(name)) {
            throw expected("'" + name + "'");
        }
    }

    /// Takes a token of this kind, which must be there.
    Token expect(Token.Kind kind, String description) {
        if (current().kind() != kind) {
            throw expected(description);
        }
        return next();
    }

    /// The error of finding something else than what was expected.
    JinjaError expected(String what) {
        return error("expected " + what + ", found " + current().description());
    }

    /// An error at the place.
    JinjaError error(String message) {
        return new JinjaError(message).at(current().line());
    }

    /// Goes one level deeper into the nesting.
    void enter() {
        if (++depth > MAX_DEPTH) {
            throw error("nested more than " + MAX_DEPTH + " levels deep");
        }
    }

    /// Comes back one level.
    void exit() {
        depth--;
    }
}
