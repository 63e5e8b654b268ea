package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Call;
import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Elements;
import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.Matrix;
import glia.reason.reward.math.MathExpr.NamedSet;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Product;
import glia.reason.reward.math.MathExpr.Symbol;
import glia.reason.reward.math.MathExpr.Tuple;
import glia.reason.reward.math.RealSet.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Compares a parsed answer with the expected one, as [math-verify](https://github.com/huggingface/Math-Verify) does.
///
/// - Scalars: exactly, or to 6 decimal places where one is a decimal ([Equality]).
/// - An equation with a symbol alone on its left side stands for its right side unless both are equations.
///   An equation of numbers must hold and be no repetition: `3+4=7` stands for 7, `2=3` and `1=1` for nothing.
/// - Sets have the same elements in any order; tuples in the same order. An open interval of two numbers equals a pair.
///   A number equals the set that contains it alone, not a list that repeats it.
/// - Residue classes by modulus: `12 \pmod 7` is `5 \pmod 7`, and not 5.
/// - Intervals and unions are compared as sets of real numbers; inequalities in one symbol, too.
/// - Equations and inequalities are equal if they are proportional or have the same solutions ([Relations]).
/// - Matrices by entries.
/// - Words by their letters, without case.
public final class MathVerifier {
    private static final int MAX_ELEMENTS = 200;

    private MathVerifier() { }

    /// Whether an answer is right. Not symmetric: the form of the expected answer decides what an equation stands for.
    ///
    /// @param gold the expected answer
    public static boolean equal(MathExpr gold, MathExpr answer) {
        try {
            return compare(gold, answer);
        } catch (ArithmeticException e) {
            // Neither exact arithmetic nor 60 digits can show that they are equal.
            return false;
        }
    }

    private static boolean compare(MathExpr first, MathExpr second) {
        MathExpr gold = Relations.isAssignment(first) ? Relations.shortened(first) : first;
        MathExpr answer = Relations.isAssignment(second) ? Relations.shortened(second) : second;
        boolean goldEquation = Relations.isEquation(gold);
        boolean answerEquation = Relations.isEquation(answer);
        if (answerEquation && !goldEquation) {
            if (Symbols.in(answer).isEmpty() && !computes(answer)) {
                return false;
            }
            answer = Relations.all(answer).getLast().right();
        } else if (goldEquation && Relations.isAssignment(gold) && !answerEquation) {
            gold = Relations.all(gold).getLast().right();
        }
        if (gold.equals(answer)) {
            return isDefined(gold);
        }
        if (gold.isRelation() && answer.isRelation()) {
            return Relations.same(gold, answer);
        }
        if (gold.isRelation() || answer.isRelation()) {
            return relationAndSet(gold, answer);
        }
        if (isResidue(gold) || isResidue(answer)) {
            return residues(gold, answer);
        }
        if (gold instanceof Matrix a && answer instanceof Matrix b) {
            return matrices(a, b);
        }
        if (gold instanceof Matrix || answer instanceof Matrix) {
            return false;
        }
        if (gold.isCollection() || answer.isCollection()) {
            return collections(gold, answer);
        }
        if (Order.infinity(gold) != 0 || Order.infinity(answer) != 0) {
            return Order.infinity(gold) == Order.infinity(answer);
        }
        return words(gold, answer) || Equality.answers(gold, answer);
    }

    /// Whether an equation of numbers holds and says more than `1 = 1`.
    private static boolean computes(MathExpr equation) {
        boolean trivial = true;
        for (MathExpr.Relation one : Relations.all(equation)) {
            MathExpr left = one.left();
            MathExpr right = one.right();
            if (!left.isScalar() || !right.isScalar()) {
                return true;
            }
            trivial &= left.equals(right) || left instanceof Num a && right instanceof Num b && a.value().isInteger()
                    && b.value().isInteger();
            if (!Equality.answers(right, left)) {
                return false;
            }
        }
        return !trivial;
    }

    private static boolean isResidue(MathExpr x) {
        return x instanceof Call(String function, List<MathExpr> all) && function.equals(LatexParser.RESIDUE);
    }

    /// Classes of one modulus whose numbers differ by a multiple of it. The expected class may be given by its number.
    private static boolean residues(MathExpr gold, MathExpr answer) {
        if (!isResidue(gold)) {
            return false;
        }
        List<MathExpr> residue = ((Call) gold).arguments();
        List<MathExpr> other = isResidue(answer) ? ((Call) answer).arguments() : List.of(answer, residue.getLast());
        MathExpr a = residue.getFirst();
        MathExpr b = other.getFirst();
        if (!b.isScalar() || !Equality.scalars(residue.getLast(), other.getLast())) {
            return false;
        }
        boolean isMultiple = isResidue(answer) && a instanceof Num x && b instanceof Num y
                && residue.getLast() instanceof Num modulus
                && x.value().subtract(y.value()).divide(modulus.value()).isInteger();
        return isMultiple || Equality.scalars(a, b);
    }

    /// Whether an expression contains no division by zero.
    private static boolean isDefined(MathExpr x) {
        return switch (x) {
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> isDefined(base) && isDefined(exponent)
                    && !(exponent.equals(MathExpr.MINUS_ONE) && base.equals(MathExpr.ZERO));
            case Product(List<MathExpr> all) -> all.stream().allMatch(MathVerifier::isDefined);
            case MathExpr.Sum(List<MathExpr> all) -> all.stream().allMatch(MathVerifier::isDefined);
            default -> true;
        };
    }

    private static boolean relationAndSet(MathExpr gold, MathExpr answer) {
        MathExpr relation = gold.isRelation() ? gold : answer;
        MathExpr set = gold.isRelation() ? answer : gold;
        Optional<RealSet> solutions = Relations.solutions(relation);
        Optional<RealSet> other = set instanceof Tuple ? Optional.empty() : RealSet.of(set);
        // x < 1 or x > 2, as a list of relations
        if (set instanceof Elements(List<MathExpr> all) && all.stream().allMatch(MathExpr::isRelation)) {
            other = union(all);
        }
        return solutions.isPresent() && other.isPresent() && solutions.get().same(other.get());
    }

    private static Optional<RealSet> union(List<MathExpr> relations) {
        RealSet set = new RealSet(List.of());
        for (MathExpr one : relations) {
            Optional<RealSet> part = Relations.solutions(one);
            if (part.isEmpty()) {
                return Optional.empty();
            }
            set = RealSet.united(set, part.get());
        }
        return Optional.of(set);
    }

    private static boolean matrices(Matrix a, Matrix b) {
        if (a.rows().size() != b.rows().size()) {
            return false;
        }
        for (int i = 0; i < a.rows().size(); i++) {
            if (!inOrder(a.rows().get(i), b.rows().get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean inOrder(List<MathExpr> a, List<MathExpr> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!compare(a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean collections(MathExpr gold, MathExpr answer) {
        if (gold instanceof NamedSet && answer instanceof NamedSet) {
            return gold == answer;
        }
        if (gold instanceof Interval a && answer instanceof Interval b) {
            return (a.lowOpen() == b.lowOpen() || Order.infinity(a.low()) != 0)
                    && (a.highOpen() == b.highOpen() || Order.infinity(a.high()) != 0)
                    && ends(a.low(), b.low()) && ends(a.high(), b.high());
        }
        if (isStatements(gold) != isStatements(answer)) {
            Optional<RealSet> solutions = realSet(gold);
            Optional<RealSet> others = realSet(answer);
            return solutions.isPresent() && others.isPresent() && solutions.get().same(others.get());
        }
        // A number equals the set that contains it, not a list that repeats it.
        if (!gold.isCollection() && pair(answer).filter(all -> all.size() > 1).isPresent()) {
            return false;
        }
        Optional<List<MathExpr>> a = pair(gold);
        Optional<List<MathExpr>> b = pair(answer);
        if (a.isPresent() && b.isPresent()) {
            boolean anyOrder = gold instanceof Elements || !gold.isCollection();
            return anyOrder ? anyOrder(distinct(a.get()), distinct(b.get())) : inOrder(a.get(), b.get());
        }
        Optional<RealSet> x = realSet(gold);
        Optional<RealSet> y = realSet(answer);
        if (x.isPresent() && y.isPresent()) {
            return x.get().same(y.get());
        }
        return gold instanceof MathExpr.SetOperation p && answer instanceof MathExpr.SetOperation q
                && p.operator() == q.operator() && (compare(p.left(), q.left()) && compare(p.right(), q.right())
                || p.operator() != MathExpr.SetOperator.DIFFERENCE && compare(p.left(), q.right())
                && compare(p.right(), q.left()));
    }

    /// Whether this is a list of relations, not of equations alone, of which one holds: `x < 1 or x > 2`.
    private static boolean isStatements(MathExpr x) {
        return x instanceof Elements(List<MathExpr> all) && all.stream().allMatch(MathExpr::isRelation)
                && !all.stream().allMatch(Relations::isEquation);
    }

    private static Optional<RealSet> realSet(MathExpr x) {
        return x instanceof Elements(List<MathExpr> all) && isStatements(x) ? union(all) : RealSet.of(single(x));
    }

    private static boolean ends(MathExpr a, MathExpr b) {
        return RealSet.sameEnd(a, b);
    }

    private static MathExpr single(MathExpr x) {
        return x.isCollection() ? x : new Elements(List.of(x));
    }

    /// The elements of a finite set, a tuple or an open interval of two ends; one element for a scalar.
    private static Optional<List<MathExpr>> pair(MathExpr x) {
        return switch (x) {
            case Elements(List<MathExpr> all) -> Optional.of(all);
            case Tuple(List<MathExpr> all) -> Optional.of(all);
            case Interval i -> i.lowOpen() && i.highOpen() ? Optional.of(List.of(i.low(), i.high()))
                    : Optional.empty();
            case NamedSet s -> s == NamedSet.EMPTY ? Optional.of(List.of()) : Optional.empty();
            case MathExpr.SetOperation o -> Optional.empty();
            default -> Optional.of(List.of(x));
        };
    }

    private static List<MathExpr> distinct(List<MathExpr> all) {
        if (all.size() > MAX_ELEMENTS) {
            throw new ArithmeticException("a set of more than " + MAX_ELEMENTS + " elements");
        }
        List<MathExpr> distinct = new ArrayList<>();
        for (MathExpr x : all) {
            if (distinct.stream().noneMatch(y -> y.isScalar() && x.isScalar() ? Equality.scalars(x, y) : x.equals(y))) {
                distinct.add(x);
            }
        }
        return distinct;
    }

    private static boolean anyOrder(List<MathExpr> gold, List<MathExpr> answer) {
        List<MathExpr> left = new ArrayList<>(answer);
        for (MathExpr one : gold) {
            Optional<MathExpr> match = left.stream().filter(x -> compare(one, x)).findFirst();
            if (match.isEmpty()) {
                return false;
            }
            left.remove(match.get());
        }
        return left.isEmpty();
    }

    /// A word in `\text` equals the product of its letters, without case.
    private static boolean words(MathExpr gold, MathExpr answer) {
        if (gold instanceof Symbol(String a) && answer == Constant.E || answer instanceof Symbol(String b)
                && gold == Constant.E) {
            return (gold instanceof Symbol s ? s : (Symbol) answer).name().equals("e");
        }
        if (!(gold instanceof Symbol) && !(answer instanceof Symbol)) {
            return false;
        }
        Optional<String> a = Symbols.concatenated(gold);
        return a.isPresent() && !a.get().isEmpty() && a.equals(Symbols.concatenated(answer));
    }
}
