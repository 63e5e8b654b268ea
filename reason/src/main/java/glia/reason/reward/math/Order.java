package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Product;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Orders real constants, infinities included.
final class Order {
    private Order() { }

    /// The sign of an infinity: 1, −1, or 0 for what is finite or unknown.
    static int infinity(MathExpr x) {
        return switch (x) {
            case Constant c when c == Constant.INFINITY -> 1;
            case Product(List<MathExpr> all) when all.size() == 2 && all.get(1) == Constant.INFINITY
                    && all.get(0) instanceof MathExpr.Num(Rational factor, boolean d) -> factor.signum();
            case MathExpr.Sum(List<MathExpr> all) when all.size() == 1 -> infinity(all.getFirst());
            default -> 0;
        };
    }

    /// Compares two constants; empty if one has symbols, is not real, or cannot be computed.
    static OptionalInt compare(MathExpr a, MathExpr b) {
        int left = infinity(a);
        int right = infinity(b);
        if (left != 0 || right != 0) {
            return left == 0 && real(a).isEmpty() || right == 0 && real(b).isEmpty() ? OptionalInt.empty()
                    : OptionalInt.of(Integer.compare(left, right));
        }
        if (Equality.scalars(a, b)) {
            return OptionalInt.of(0);
        }
        Optional<BigDecimal> x = real(a);
        Optional<BigDecimal> y = real(b);
        return x.isEmpty() || y.isEmpty() ? OptionalInt.empty() : OptionalInt.of(x.get().compareTo(y.get()));
    }

    /// The value of a real constant.
    static Optional<BigDecimal> real(MathExpr x) {
        if (!x.isScalar() || !Symbols.in(x).isEmpty()) {
            return Optional.empty();
        }
        try {
            BigComplex value = new Evaluation(Map.of()).of(x);
            return value.isReal() ? Optional.of(value.re()) : Optional.empty();
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }
}
