package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import glia.reason.task.RandomStream;
import java.util.ArrayList;
import java.util.List;

/// Quadratic equations by Vieta's formulas: two numbers with the product `c/a` and the sum `-b/a`, by attempts such as
/// `2*3=6,2+3=5 yes`.
final class QuadraticSolver implements TraceSet.Solver {
    private static final int MAX_ROOT = 9;

    private record Roots(long first, long second) {
        String answer() {
            return first == second ? "x = " + first
                    : "x = " + Math.min(first, second) + " or x = " + Math.max(first, second);
        }
    }

    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<Long> coefficients = Fields.integers(problem.fields(), "coefficients");
        long sum = -coefficients.get(1) / coefficients.get(0);
        long product = coefficients.get(2) / coefficients.get(0);
        RandomStream random = pad.random();
        Roots last = new Roots(random.between(-MAX_ROOT, MAX_ROOT), random.between(-MAX_ROOT, MAX_ROOT));
        if (strategy == Strategy.GUESS) {
            return last.answer();
        }
        pad.line("sum " + sum + " product " + product);
        List<Roots> candidates = strategy == Strategy.ORDERED ? ordered(product, sum) : pruned(product, sum);
        for (int i = 0; (strategy == Strategy.RANDOM || i < candidates.size()) && pad.attempt(); i++) {
            last = strategy == Strategy.RANDOM ? random(product, random) : candidates.get(i);
            if (seemsRight(last, sum, product, pad) && (!pad.verifies() || verify(last, sum, product, pad))) {
                break;
            }
        }
        return last.answer();
    }

    /// All pairs of divisors in the order of size.
    private static List<Roots> ordered(long product, long sum) {
        List<Roots> all = new ArrayList<>();
        if (product == 0) {
            all.add(new Roots(0, 1));
            all.add(new Roots(0, -1));
            all.add(new Roots(0, sum));
        }
        for (long size = 1; product != 0 && size <= Math.abs(product); size++) {
            if (product % size == 0 && Math.abs(product / size) >= size) {
                all.add(new Roots(size, product / size));
                all.add(new Roots(-size, -product / size));
            }
        }
        return all;
    }

    /// Pairs with the signs that the sum and the product imply.
    private static List<Roots> pruned(long product, long sum) {
        List<Roots> all = new ArrayList<>();
        if (product == 0) {
            all.add(new Roots(0, sum));
        }
        long sign = sum < 0 ? -1 : 1;
        for (long size = 1; product != 0 && size * size <= Math.abs(product); size++) {
            if (product % size == 0) {
                long small = product > 0 ? sign * size : -sign * size;
                all.add(new Roots(small, product / small));
            }
        }
        return all;
    }

    private static Roots random(long product, RandomStream random) {
        long first = random.between(-MAX_ROOT, MAX_ROOT);
        boolean isDivisor = first != 0 && product % first == 0 && random.chance(0.7);
        return new Roots(first, isDivisor ? product / first : random.between(-MAX_ROOT, MAX_ROOT));
    }

    private static boolean seemsRight(Roots roots, long sum, long product, Scratchpad pad) {
        long first = roots.first;
        long second = roots.second;
        long foundProduct = pad.calculate(first, '*', second);
        if (foundProduct != product) {
            pad.line(first + "*" + second + "=" + foundProduct + " no");
            return false;
        }
        long foundSum = pad.calculate(first, '+', second);
        pad.line(first + "*" + second + "=" + foundProduct + "," + first + (second < 0 ? "" : "+") + second + "="
                + foundSum + (foundSum == sum ? " yes" : " no"));
        return foundSum == sum;
    }

    /// Puts the roots into the equation.
    private static boolean verify(Roots roots, long sum, long product, Scratchpad pad) {
        for (long x : roots.first == roots.second ? new long[] {roots.first}
                : new long[] {roots.first, roots.second}) {
            long value = x * x - sum * x + product;
            pad.verification(x + ": " + x * x + signed(-sum * x) + signed(product) + "=" + value
                    + (value == 0 ? " yes" : " no, wait"));
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static String signed(long term) {
        return term < 0 ? Long.toString(term) : "+" + term;
    }
}
