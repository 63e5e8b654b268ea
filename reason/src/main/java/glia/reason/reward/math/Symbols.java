package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Product;
import glia.reason.reward.math.MathExpr.Symbol;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Names of symbols in expressions.
final class Symbols {
    private Symbols() { }

    /// The word that a symbol or a product of letters spells, such as `red` for r·e·d; empty for anything else.
    static Optional<String> concatenated(MathExpr x) {
        return switch (x) {
            case Symbol(String name) -> Optional.of(name);
            case Constant c when c == Constant.E || c == Constant.I -> Optional.of(c.name().toLowerCase(Locale.ROOT));
            case Product(List<MathExpr> all) -> {
                StringBuilder word = new StringBuilder();
                for (MathExpr factor : all) {
                    Optional<String> part = factor instanceof Product ? Optional.empty() : concatenated(factor);
                    if (part.isEmpty()) {
                        yield Optional.empty();
                    }
                    word.append(part.get());
                }
                yield Optional.of(word.toString());
            }
            default -> Optional.empty();
        };
    }

    /// The names of all symbols, sorted.
    static Set<String> in(MathExpr x) {
        Set<String> names = new TreeSet<>();
        collect(x, names);
        return names;
    }

    private static void collect(MathExpr x, Set<String> names) {
        switch (x) {
            case Symbol(String name) -> names.add(name);
            case MathExpr.Sum(List<MathExpr> all) -> all.forEach(one -> collect(one, names));
            case Product(List<MathExpr> all) -> all.forEach(one -> collect(one, names));
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> {
                collect(base, names);
                collect(exponent, names);
            }
            case MathExpr.Call(String function, List<MathExpr> all) -> all.forEach(one -> collect(one, names));
            case MathExpr.Percent(MathExpr number) -> collect(number, names);
            case MathExpr.Relation(var operator, MathExpr left, MathExpr right) -> {
                collect(left, names);
                collect(right, names);
            }
            case MathExpr.Chain(List<MathExpr.Relation> all) -> all.forEach(one -> collect(one, names));
            case MathExpr.Elements(List<MathExpr> all) -> all.forEach(one -> collect(one, names));
            case MathExpr.Tuple(List<MathExpr> all) -> all.forEach(one -> collect(one, names));
            default -> { }
        }
    }

    /// Whether an expression consists of symbols only, such as `x`, `f(x)` or `(x, y)`: the left side of an assignment.
    static boolean only(MathExpr x) {
        return switch (x) {
            case Symbol s -> true;
            case Product(List<MathExpr> all) -> all.stream().allMatch(Symbols::only);
            case MathExpr.Tuple(List<MathExpr> all) -> all.stream().allMatch(Symbols::only);
            case MathExpr.Interval i -> only(i.low()) && only(i.high());
            case MathExpr.Call(String function, List<MathExpr> all) -> all.stream().allMatch(Symbols::only);
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> exponent.equals(MathExpr.MINUS_ONE) && only(base);
            default -> false;
        };
    }
}
