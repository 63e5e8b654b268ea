package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// A position in a list of tokens, with a bound on the depth of nesting. Reads decimals whose digits repeat.
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

    /// `0.1\overline{6}` and `0.1\dot{6}` are 1/6, `0.\dot{2}\dot{7}` is 3/11: with n digits of period p after the
    /// plain decimal d of k places, d + p / (10ᵏ(10ⁿ − 1)).
    final MathExpr repeating(String digits) {
        boolean dots = next().is("\\dot");
        StringBuilder period = new StringBuilder(braced());
        while (dots && (peek().is("\\dot") || peek().kind() == Kind.NUMBER && at(1).is("\\dot"))) {
            dots = peek().kind() == Kind.NUMBER;
            period.append(dots ? next().text() : "");
            if (!dots) {
                next();
                period.append(braced());
            }
        }
        if (period.indexOf(".") >= 0 || digits.indexOf('.') < 0) {
            throw unexpected();
        }
        int places = digits.length() - digits.indexOf('.') - 1;
        Rational ten = Rational.of(10);
        Rational scale = ten.pow(places).multiply(ten.pow(period.length()).subtract(Rational.ONE));
        return MathExpr.of(Rational.parse(digits).add(Rational.parse(period.toString()).divide(scale)));
    }

    /// A number, which may have braces around it.
    private String braced() {
        boolean brace = take("{");
        Token number = next();
        if (brace) {
            require("}");
        }
        if (number.kind() != Kind.NUMBER) {
            throw unexpected();
        }
        return number.text();
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
