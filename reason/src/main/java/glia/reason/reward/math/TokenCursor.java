package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// A position in a list of tokens, with a bound on the depth of nesting.
class TokenCursor {
    private static final int MAX_DEPTH = 150;

    private final List<Token> tokens;
    private int index;
    private int depth;

    /// @param tokens the last one has the kind `END`
    TokenCursor(List<Token> tokens) {
        this.tokens = new ArrayList<>(tokens);
    }

    final void enter() {
        if (++depth > MAX_DEPTH) {
            throw new IllegalArgumentException("an expression nested deeper than " + MAX_DEPTH);
        }
    }

    final void leave() {
        depth--;
    }

    final Token peek() {
        return at(0);
    }

    final Token at(int ahead) {
        return tokens.get(Math.min(index + ahead, tokens.size() - 1));
    }

    final Token next() {
        Token token = peek();
        index = Math.min(index + 1, tokens.size() - 1);
        return token;
    }

    final boolean take(String wanted) {
        boolean found = peek().is(wanted);
        if (found) {
            next();
        }
        return found;
    }

    final void require(String wanted) {
        if (!take(wanted)) {
            throw unexpected();
        }
    }

    final IllegalArgumentException unexpected() {
        return new IllegalArgumentException("unexpected " + (peek().kind() == Kind.END ? "end"
                : "'" + peek().text() + "' at character " + (peek().start() + 1)));
    }

    /// Goes back by one token.
    final void back() {
        index--;
    }

    /// Replaces the current token.
    final void replace(Token token) {
        tokens.set(index, token);
    }

    /// Decides what a pair in parentheses or brackets is.
    static final class Brackets {
        private Brackets() { }

        /// An interval; a tuple where the interval would be empty.
        static MathExpr pair(MathExpr low, MathExpr high, boolean lowOpen, boolean highOpen) {
            OptionalInt order = RealSet.Order.compare(low, high);
            boolean empty = order.isPresent() && (lowOpen && highOpen && order.getAsInt() >= 0
                    || !lowOpen && !highOpen && order.getAsInt() > 0);
            return empty ? new Tuple(List.of(low, high)) : new Interval(low, high, lowOpen, highOpen);
        }
    }
}
