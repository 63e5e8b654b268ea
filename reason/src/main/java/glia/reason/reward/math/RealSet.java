package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Elements;
import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.NamedSet;
import glia.reason.reward.math.MathExpr.Product;
import glia.reason.reward.math.MathExpr.SetOperation;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// A union of intervals and points with constant ends, in normal form: sorted, disjoint, none adjacent.
///
/// The ends of all sets of an operation cut the real line into points and open gaps; a set contains each of these
/// whole or not at all, so an operation is a decision for each of them.
///
/// @param pieces intervals with ends that may be infinite; a point is a closed interval of equal ends
record RealSet(List<Interval> pieces) {
    static final MathExpr MINUS_INFINITY = MathExpr.negative(Constant.INFINITY);
    private static final int MAX_PIECES = 200;
    private static final RealSet ALL = new RealSet(
            List.of(new Interval(MINUS_INFINITY, Constant.INFINITY, true, true)));

    RealSet {
        pieces = List.copyOf(pieces);
    }

    /// The set that an expression describes; empty if it is none of real constants.
    static Optional<RealSet> of(MathExpr x) {
        return switch (x) {
            case Interval i -> Order.compare(i.low(), i.high()).isPresent()
                    ? Optional.of(united(new RealSet(List.of(i)), new RealSet(List.of()))) : Optional.empty();
            case Elements(List<MathExpr> all) -> points(all);
            case NamedSet s when s == NamedSet.REALS -> Optional.of(ALL);
            case NamedSet s when s == NamedSet.EMPTY -> Optional.of(new RealSet(List.of()));
            case SetOperation(MathExpr.SetOperator operator, MathExpr left, MathExpr right) -> {
                Optional<RealSet> a = of(left);
                Optional<RealSet> b = of(right);
                yield a.isEmpty() || b.isEmpty() ? Optional.empty()
                        : Optional.of(combined(operator, a.get(), b.get()));
            }
            default -> Optional.empty();
        };
    }

    private static Optional<RealSet> points(List<MathExpr> all) {
        if (all.size() > MAX_PIECES || all.stream().anyMatch(x -> Order.real(x).isEmpty())) {
            return Optional.empty();
        }
        RealSet set = new RealSet(List.of());
        for (MathExpr x : all) {
            set = united(set, new RealSet(List.of(new Interval(x, x, false, false))));
        }
        return Optional.of(set);
    }

    static RealSet united(RealSet a, RealSet b) {
        return combined(MathExpr.SetOperator.UNION, a, b);
    }

    static RealSet combined(MathExpr.SetOperator operator, RealSet a, RealSet b) {
        List<MathExpr> ends = new ArrayList<>();
        for (RealSet set : List.of(a, b)) {
            for (Interval piece : set.pieces) {
                insert(ends, piece.low());
                insert(ends, piece.high());
            }
        }
        insert(ends, MINUS_INFINITY);
        insert(ends, Constant.INFINITY);
        List<Interval> pieces = new ArrayList<>();
        Interval current = null;
        for (int i = 0; i < ends.size(); i++) {
            MathExpr end = ends.get(i);
            boolean point = Order.infinity(end) == 0 && holds(operator, a.containsPoint(end), b.containsPoint(end));
            boolean gap = i + 1 < ends.size() && holds(operator, a.containsGap(end, ends.get(i + 1)),
                    b.containsGap(end, ends.get(i + 1)));
            if (current != null && !point) {
                pieces.add(new Interval(current.low(), end, current.lowOpen(), true));
                current = null;
            }
            if (point && current == null && !gap) {
                pieces.add(new Interval(end, end, false, false));
            } else if (current != null && !gap) {
                pieces.add(new Interval(current.low(), end, current.lowOpen(), false));
                current = null;
            } else if (current == null && gap) {
                current = new Interval(end, end, !point, false);
            }
        }
        return new RealSet(pieces);
    }

    private static boolean holds(MathExpr.SetOperator operator, boolean a, boolean b) {
        return switch (operator) {
            case UNION -> a || b;
            case INTERSECTION -> a && b;
            case DIFFERENCE -> a && !b;
        };
    }

    private static void insert(List<MathExpr> ends, MathExpr x) {
        for (int i = 0; i < ends.size(); i++) {
            int order = compare(x, ends.get(i));
            if (order <= 0) {
                if (order < 0) {
                    ends.add(i, x);
                }
                return;
            }
        }
        if (ends.size() > 2 * MAX_PIECES) {
            throw new ArithmeticException("a set of too many pieces");
        }
        ends.add(x);
    }

    private static int compare(MathExpr a, MathExpr b) {
        OptionalInt order = Order.compare(a, b);
        return order.orElseThrow(() -> new ArithmeticException("ends that cannot be ordered"));
    }

    private boolean containsPoint(MathExpr x) {
        return pieces.stream().anyMatch(p -> {
            int low = compare(p.low(), x);
            int high = compare(x, p.high());
            return (low < 0 || low == 0 && !p.lowOpen()) && (high < 0 || high == 0 && !p.highOpen());
        });
    }

    private boolean containsGap(MathExpr from, MathExpr to) {
        return pieces.stream().anyMatch(p -> compare(p.low(), from) <= 0 && compare(to, p.high()) <= 0
                && compare(p.low(), p.high()) < 0);
    }

    /// Whether both have the same pieces; ends are compared as answers, so that decimals may be rounded.
    boolean same(RealSet other) {
        if (pieces.size() != other.pieces.size()) {
            return false;
        }
        for (int i = 0; i < pieces.size(); i++) {
            Interval a = pieces.get(i);
            Interval b = other.pieces.get(i);
            if (open(a.low(), a.lowOpen()) != open(b.low(), b.lowOpen())
                    || open(a.high(), a.highOpen()) != open(b.high(), b.highOpen())
                    || !sameEnd(a.low(), b.low()) || !sameEnd(a.high(), b.high())) {
                return false;
            }
        }
        return true;
    }

    private static boolean open(MathExpr end, boolean open) {
        return open || Order.infinity(end) != 0;
    }

    static boolean sameEnd(MathExpr a, MathExpr b) {
        return Order.infinity(a) != 0 || Order.infinity(b) != 0 ? Order.infinity(a) == Order.infinity(b)
                : Equality.answers(a, b);
    }

    /// Orders real constants, infinities included.
    static final class Order {
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
}
