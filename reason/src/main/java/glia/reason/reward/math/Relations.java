package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Chain;
import glia.reason.reward.math.MathExpr.Comparator;
import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.Relation;
import glia.reason.reward.math.MathExpr.SetOperator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Comparison and solution of equations and inequalities.
final class Relations {
    private Relations() { }

    /// The relations of a chain, or the one relation.
    static List<Relation> all(MathExpr x) {
        return x instanceof Chain(List<Relation> all) ? all : List.of((Relation) x);
    }

    /// Whether all relations are equations.
    static boolean isEquation(MathExpr x) {
        return x.isRelation() && all(x).stream().allMatch(r -> r.operator() == Comparator.EQUAL);
    }

    /// Whether this is an equation whose first side is made of symbols, such as `x = 3` or `f(x) = x + 1`.
    static boolean isAssignment(MathExpr x) {
        return isEquation(x) && Symbols.only(all(x).getFirst().left());
    }

    /// The first side and the last side of an equation chain.
    static Relation shortened(MathExpr x) {
        return new Relation(Comparator.EQUAL, all(x).getFirst().left(), all(x).getLast().right());
    }

    /// Whether two relations state the same: their sides' differences are proportional, by a positive factor where the
    /// direction matters, or both have the same solutions.
    static boolean same(MathExpr gold, MathExpr answer) {
        List<Relation> a = all(gold);
        List<Relation> b = all(answer);
        if (a.size() == b.size()) {
            boolean forward = true;
            boolean backward = true;
            for (int i = 0; i < a.size(); i++) {
                forward &= same(a.get(i), b.get(i));
                backward &= same(a.get(i), b.get(b.size() - 1 - i));
            }
            if (forward || backward) {
                return true;
            }
        }
        Optional<RealSet> x = solutions(gold);
        Optional<RealSet> y = solutions(answer);
        return x.isPresent() && y.isPresent() && Symbols.in(gold).equals(Symbols.in(answer)) && x.get().same(y.get());
    }

    private static boolean same(Relation a, Relation b) {
        boolean direction = a.operator() != Comparator.EQUAL && a.operator() != Comparator.NOT_EQUAL;
        if (!a.left().isScalar() || !a.right().isScalar() || !b.left().isScalar() || !b.right().isScalar()) {
            return a.operator() == b.operator() && !direction && (MathVerifier.equal(a.left(), b.left())
                    && MathVerifier.equal(a.right(), b.right()) || MathVerifier.equal(a.left(), b.right())
                    && MathVerifier.equal(a.right(), b.left()));
        }
        if (a.operator() == b.operator() && !direction) {
            // x = 1/3 and x = 0.333333
            if (Equality.scalars(a.left(), b.left()) && Equality.answers(a.right(), b.right())) {
                return true;
            }
            return proportional(difference(a), difference(b), 0);
        }
        return a.operator() == b.operator() && proportional(difference(a), difference(b), 1)
                || a.operator() == b.operator().flipped() && proportional(difference(a), difference(b), -1);
    }

    private static MathExpr difference(Relation r) {
        return MathExpr.difference(r.left(), r.right());
    }

    /// Whether a = c·b for a constant c other than zero, of the given sign unless that is 0.
    private static boolean proportional(MathExpr a, MathExpr b, int sign) {
        BigComplex[] ratio = new BigComplex[1];
        return Equality.sampled(a, b, (x, y) -> {
            if (x.isZero() || y.isZero()) {
                return x.isZero() && y.isZero();
            }
            BigComplex c = x.divide(y);
            ratio[0] = ratio[0] == null ? c : ratio[0];
            return c.isNear(ratio[0]) && (sign == 0 || c.isReal() && c.re().signum() == sign);
        });
    }

    /// The solutions of relations with one real symbol that are polynomials of degree 1 or 2 in it, or bounds of an
    /// absolute value of such a polynomial of degree 1; empty for others.
    static Optional<RealSet> solutions(MathExpr x) {
        Set<String> names = Symbols.in(x);
        if (names.size() != 1 || !x.isRelation()) {
            return Optional.empty();
        }
        RealSet result = null;
        try {
            for (Relation r : all(x)) {
                Optional<RealSet> one = solutions(r, names.iterator().next());
                if (one.isEmpty()) {
                    return Optional.empty();
                }
                result = result == null ? one.get() : RealSet.combined(SetOperator.INTERSECTION, result, one.get());
            }
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
        return Optional.ofNullable(result);
    }

    private static Optional<RealSet> solutions(Relation r, String symbol) {
        if (!r.left().isScalar() || !r.right().isScalar()) {
            Optional<RealSet> member = r.operator() == Comparator.EQUAL && r.left().equals(new MathExpr.Symbol(symbol))
                    ? RealSet.of(r.right()) : Optional.empty();
            return member;
        }
        if (r.left() instanceof MathExpr.Call(String f, List<MathExpr> u) && f.equals("abs")
                && Symbols.in(r.right()).isEmpty()) {
            // |u| < c means u² < c² for c ≥ 0.
            if (RealSet.Order.real(r.right()).filter(c -> c.signum() >= 0).isEmpty()) {
                return Optional.empty();
            }
            return solutions(new Relation(r.operator(), square(u.getFirst()), square(r.right())), symbol);
        }
        Optional<Fraction> form = Fraction.of(difference(r));
        if (form.isEmpty() || !form.get().bottom().isRational()) {
            return Optional.empty();
        }
        int sign = form.get().bottom().rational().signum();
        List<Polynomial> all = form.get().top().coefficients(symbol);
        if (all.size() > 3 || all.stream().anyMatch(c -> !c.isRational())) {
            return all.size() == 2 ? linear(r, symbol) : Optional.empty();
        }
        List<Rational> c = all.stream().map(p -> sign < 0 ? p.rational().negate() : p.rational()).toList();
        return Optional.of(c.size() == 1 ? c.getFirst().signum() == 0 == r.operator().holds(0)
                ? everything() : new RealSet(List.of()) : c.size() == 2
                ? halfLine(r.operator(), MathExpr.of(c.get(0).negate().divide(c.get(1))), c.get(1).signum())
                : quadratic(r.operator(), c.get(2), c.get(1), c.get(0)));
    }

    private static MathExpr square(MathExpr x) {
        return new MathExpr.Power(x, MathExpr.of(2));
    }

    private static RealSet everything() {
        return new RealSet(List.of(new Interval(RealSet.MINUS_INFINITY, Constant.INFINITY, true, true)));
    }

    /// `x < √2`: one side is the symbol, the other one a constant.
    private static Optional<RealSet> linear(Relation r, String symbol) {
        MathExpr.Symbol x = new MathExpr.Symbol(symbol);
        if (r.left().equals(x) && RealSet.Order.real(r.right()).isPresent()) {
            return Optional.of(halfLine(r.operator(), r.right(), 1));
        }
        return r.right().equals(x) && RealSet.Order.real(r.left()).isPresent()
                ? Optional.of(halfLine(r.operator().flipped(), r.left(), 1)) : Optional.empty();
    }

    /// The solutions of slope·(x − root) compared with 0.
    private static RealSet halfLine(Comparator operator, MathExpr root, int slope) {
        return line(slope < 0 ? operator.flipped() : operator, root);
    }

    private static RealSet line(Comparator operator, MathExpr root) {
        Interval below = new Interval(RealSet.MINUS_INFINITY, root, true, !operator.holds(0));
        Interval above = new Interval(root, Constant.INFINITY, !operator.holds(0), true);
        return switch (operator) {
            case LESS, LESS_EQUAL -> new RealSet(List.of(below));
            case GREATER, GREATER_EQUAL -> new RealSet(List.of(above));
            case EQUAL -> new RealSet(List.of(new Interval(root, root, false, false)));
            case NOT_EQUAL -> new RealSet(List.of(below, above));
        };
    }

    /// The solutions of ax² + bx + c compared with 0.
    private static RealSet quadratic(Comparator operator, Rational a, Rational b, Rational c) {
        Rational discriminant = b.multiply(b).subtract(a.multiply(c).multiply(Rational.of(4)));
        boolean outside = operator.holds(a.signum());
        if (discriminant.signum() < 0) {
            return outside ? everything() : new RealSet(List.of());
        }
        MathExpr root = new MathExpr.Power(MathExpr.of(discriminant), MathExpr.of(Rational.of(1, 2)));
        MathExpr low = vertexPlus(a.signum() > 0 ? MathExpr.negative(root) : root, a, b);
        MathExpr high = vertexPlus(a.signum() > 0 ? root : MathExpr.negative(root), a, b);
        boolean ends = operator.holds(0);
        boolean inside = operator.holds(-a.signum());
        RealSet set = new RealSet(List.of());
        if (outside) {
            set = RealSet.united(set, new RealSet(List.of(new Interval(RealSet.MINUS_INFINITY, low, true, true))));
            set = RealSet.united(set, new RealSet(List.of(new Interval(high, Constant.INFINITY, true, true))));
        }
        if (inside && discriminant.signum() > 0) {
            set = RealSet.united(set, new RealSet(List.of(new Interval(low, high, true, true))));
        }
        if (ends) {
            set = RealSet.united(set, new RealSet(List.of(new Interval(low, low, false, false))));
            set = RealSet.united(set, new RealSet(List.of(new Interval(high, high, false, false))));
        }
        return set;
    }

    /// (−b + root) / 2a.
    private static MathExpr vertexPlus(MathExpr root, Rational a, Rational b) {
        return new MathExpr.Product(List.of(new MathExpr.Sum(List.of(MathExpr.of(b.negate()), root)),
                MathExpr.of(Rational.ONE.divide(a.multiply(Rational.of(2))))));
    }
}
