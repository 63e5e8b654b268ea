package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import java.util.List;

/// Parses decimals whose digits repeat.
abstract class DecimalParser extends TokenCursor {
    DecimalParser(List<Token> tokens) {
        super(tokens);
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
}
