package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A mathematical expression as it was written. Nothing is simplified; lists keep their order.
public sealed interface MathExpr {
    /// A number.
    ///
    /// @param decimal whether it was written with a decimal point
    record Num(Rational value, boolean decimal) implements MathExpr { }

    /// A variable or a word, in lower case.
    record Symbol(String name) implements MathExpr { }

    /// Named numbers, and infinity.
    enum Constant implements MathExpr { PI, E, I, INFINITY }

    /// A sum.
    record Sum(List<MathExpr> terms) implements MathExpr {
        public Sum {
            terms = List.copyOf(terms);
        }
    }

    /// A product; a quotient is a product with a power of −1.
    record Product(List<MathExpr> factors) implements MathExpr {
        public Product {
            factors = List.copyOf(factors);
        }
    }

    /// A power; a root is a power with a fraction as exponent.
    record Power(MathExpr base, MathExpr exponent) implements MathExpr { }

    /// A function of arguments, such as `sin`, `abs`, `factorial` or an unknown `f`.
    record Call(String function, List<MathExpr> arguments) implements MathExpr {
        public Call {
            arguments = List.copyOf(arguments);
        }
    }

    /// A number with a percent sign.
    record Percent(MathExpr number) implements MathExpr { }

    /// A finite set, or a list of several answers; the order is that of the text.
    record Elements(List<MathExpr> all) implements MathExpr {
        public Elements {
            all = List.copyOf(all);
        }
    }

    /// A tuple.
    record Tuple(List<MathExpr> all) implements MathExpr {
        public Tuple {
            all = List.copyOf(all);
        }
    }

    /// An interval; a pair `(a, b)` with a < b is an open one.
    record Interval(MathExpr low, MathExpr high, boolean lowOpen, boolean highOpen) implements MathExpr { }

    /// A union, intersection or difference.
    record SetOperation(SetOperator operator, MathExpr left, MathExpr right) implements MathExpr { }

    /// Operators of sets.
    enum SetOperator { UNION, INTERSECTION, DIFFERENCE }

    /// Sets that have names.
    enum NamedSet implements MathExpr { NATURALS, INTEGERS, RATIONALS, REALS, COMPLEXES, EMPTY }

    /// A matrix by rows.
    record Matrix(List<List<MathExpr>> rows) implements MathExpr {
        public Matrix {
            rows = rows.stream().map(List::copyOf).toList();
        }
    }

    /// A comparison of two sides.
    record Relation(Comparator operator, MathExpr left, MathExpr right) implements MathExpr { }

    /// Several relations that hold together, such as `1 < x < 2`.
    record Chain(List<Relation> relations) implements MathExpr {
        public Chain {
            relations = List.copyOf(relations);
        }

        /// Both of two statements; empty if one of them is no inequality.
        static Optional<MathExpr> of(MathExpr a, MathExpr b) {
            if (!a.isRelation() || !b.isRelation()) {
                return Optional.empty();
            }
            List<Relation> all = new ArrayList<>(Relations.all(a));
            all.addAll(Relations.all(b));
            return all.stream().anyMatch(r -> r.operator() == Comparator.EQUAL) ? Optional.empty()
                    : Optional.of(new Chain(all));
        }
    }

    /// Comparison operators.
    enum Comparator {
        EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL;

        /// The operator with the sides exchanged.
        Comparator flipped() {
            return switch (this) {
                case EQUAL, NOT_EQUAL -> this;
                case LESS -> GREATER;
                case LESS_EQUAL -> GREATER_EQUAL;
                case GREATER -> LESS;
                case GREATER_EQUAL -> LESS_EQUAL;
            };
        }

        /// Whether a difference of this sign fulfills the comparison with zero.
        boolean holds(int sign) {
            return switch (this) {
                case EQUAL -> sign == 0;
                case NOT_EQUAL -> sign != 0;
                case LESS -> sign < 0;
                case LESS_EQUAL -> sign <= 0;
                case GREATER -> sign > 0;
                case GREATER_EQUAL -> sign >= 0;
            };
        }
    }

    Num ZERO = of(0);
    Num ONE = of(1);
    Num MINUS_ONE = of(-1);

    static Num of(long value) {
        return new Num(Rational.of(value), false);
    }

    static Num of(Rational value) {
        return new Num(value, false);
    }

    /// The negative; of a number, again a number.
    static MathExpr negative(MathExpr x) {
        return x instanceof Num(Rational value, boolean decimal) ? new Num(value.negate(), decimal)
                : new Product(List.of(MINUS_ONE, x));
    }

    /// The quotient; of two integers, a fraction.
    static MathExpr quotient(MathExpr a, MathExpr b) {
        return a instanceof Num(Rational p, boolean d) && b instanceof Num(Rational q, boolean e) && !d && !e
                && p.isInteger() && q.isInteger() && !q.isZero() ? of(p.divide(q))
                : new Product(List.of(a, new Power(b, MINUS_ONE)));
    }

    static MathExpr difference(MathExpr a, MathExpr b) {
        return new Sum(List.of(a, negative(b)));
    }

    /// Whether this is a comparison or a chain of them.
    default boolean isRelation() {
        return this instanceof Relation || this instanceof Chain;
    }

    /// Whether this is a set, an interval or a tuple.
    default boolean isCollection() {
        return switch (this) {
            case Elements e -> true;
            case Tuple t -> true;
            case Interval i -> true;
            case SetOperation o -> true;
            case NamedSet s -> true;
            default -> false;
        };
    }

    /// Whether this is a number, a variable or made of these: no set, no relation, no matrix.
    default boolean isScalar() {
        return !isRelation() && !isCollection() && !(this instanceof Matrix);
    }
}
