package glia.reason.trace;

import glia.reason.reward.math.Rational;
import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.List;

/// Linear equations `ax + b = cx + d` by values of x (`x=3 3*3+5=14,20 no`), or by a derivation.
final class LinearSolver implements TraceSet.Solver {
    private static final int MAX_X = 12;

    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<Long> all = Fields.integers(problem.fields(), "coefficients");
        Rational x = switch (strategy) {
            case GUESS -> Rational.of(pad.random().between(-MAX_X, MAX_X));
            case RANDOM, ORDERED -> values(all, strategy, pad);
            case PRUNED, DIRECT -> derivation(all, pad);
        };
        return "x = " + x;
    }

    private static Rational values(List<Long> all, Strategy strategy, Scratchpad pad) {
        long x = 0;
        for (int i = 0; pad.attempt(); i++) {
            x = strategy == Strategy.RANDOM ? pad.random().between(-MAX_X, MAX_X)
                    : i % 2 == 1 ? (i + 1) / 2 : -i / 2;
            long left = pad.calculate(pad.calculate(all.get(0), '*', x), '+', all.get(1));
            long right = pad.calculate(pad.calculate(all.get(2), '*', x), '+', all.get(3));
            pad.line("x=" + x + " " + left + "," + right + (left == right ? " yes" : " no"));
            if (left == right && (!pad.verifies() || verify(all, Rational.of(x), pad))) {
                break;
            }
        }
        return Rational.of(x);
    }

    private static Rational derivation(List<Long> all, Scratchpad pad) {
        pad.step();
        long factor = all.get(2) == 0 ? all.get(0) : pad.calculate(all.get(0), '-', all.get(2));
        long value = all.get(1) == 0 ? all.get(3) : pad.calculate(all.get(3), '-', all.get(1));
        if (all.get(2) != 0) {
            pad.line(all.get(0) + minus(all.get(2)) + "=" + factor);
        }
        if (all.get(1) != 0) {
            pad.line(all.get(3) + minus(all.get(1)) + "=" + value);
        }
        pad.line(factor + "x=" + value);
        if (factor == 0) {
            pad.line("wait");
            return Rational.of(value);
        }
        Rational x = Rational.of(value, factor);
        pad.line("x=" + x);
        if (pad.verifies() && !verify(all, x, pad)) {
            x = Rational.of(all.get(3) - all.get(1), all.get(0) - all.get(2));
            pad.line((all.get(0) - all.get(2)) + "x=" + (all.get(3) - all.get(1)));
            pad.line("x=" + x);
        }
        return x;
    }

    private static String minus(long number) {
        return number < 0 ? "+" + -number : "-" + number;
    }

    /// Puts x into both sides.
    private static boolean verify(List<Long> all, Rational x, Scratchpad pad) {
        Rational left = Rational.of(all.get(0)).multiply(x).add(Rational.of(all.get(1)));
        Rational right = Rational.of(all.get(2)).multiply(x).add(Rational.of(all.get(3)));
        boolean isRight = left.equals(right);
        pad.verification(left + "=" + right + (isRight ? " yes" : " no, wait"));
        return isRight;
    }
}
