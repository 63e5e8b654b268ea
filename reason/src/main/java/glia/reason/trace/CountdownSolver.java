package glia.reason.trace;

import glia.reason.task.Expressions;
import glia.reason.task.Fields;
import glia.reason.task.Problem;
import glia.reason.task.RandomStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Countdown by attempts: `3*7=21,21+11=32 yes`. Differences are of the larger and the smaller number.
///
/// The pruned search goes backwards from the target: `32-11=21 7+3=10,7-3=4,7*3=21 yes` looks for 21 from 3 and 7.
final class CountdownSolver implements TraceSet.Solver {
    private static final List<Character> SIGNS = List.of('+', '-', '*');

    /// A part of an attempt.
    ///
    /// @param value what the solver takes its value to be
    /// @param exact its value
    /// @param text its expression
    /// @param steps its calculations with their exact results
    private record Part(long value, long exact, String text, List<String> steps) {
        static Part of(long number) {
            return new Part(number, number, Long.toString(number), List.of());
        }

        /// The larger first for differences.
        static Part join(Part a, char sign, Part b, Scratchpad pad) {
            Part left = sign == '-' && a.value < b.value ? b : a;
            Part right = left == a ? b : a;
            long exact = Scratchpad.exact(left.exact, sign, right.exact);
            List<String> steps = new ArrayList<>(left.steps);
            steps.addAll(right.steps);
            steps.add(left.exact + "" + sign + right.exact + "=" + exact);
            return new Part(pad.calculate(left.value, sign, right.value), exact,
                    Expressions.join(left.text, sign, right.text), steps);
        }

        /// The last calculation, as the solver sees it.
        static String line(Part a, char sign, Part b, Part result) {
            boolean isSwapped = sign == '-' && a.value < b.value;
            return (isSwapped ? b.value : a.value) + "" + sign + (isSwapped ? a.value : b.value) + "=" + result.value;
        }
    }

    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<Part> parts = new ArrayList<>();
        Fields.integers(problem.fields(), "numbers").forEach(number -> parts.add(Part.of(number)));
        return new Search(Fields.integer(problem.fields(), "target"), pad).run(parts, strategy);
    }

    /// One search.
    private static final class Search {
        private final long target;
        private final Scratchpad pad;
        private Part last;
        private boolean isFound;

        Search(long target, Scratchpad pad) {
            this.target = target;
            this.pad = pad;
        }

        String run(List<Part> parts, Strategy strategy) {
            switch (strategy) {
                case GUESS -> last = random(parts, new ArrayList<>());
                case RANDOM -> {
                    while (!isFound && pad.attempt()) {
                        List<String> line = new ArrayList<>();
                        finish(random(parts, line), String.join(",", line));
                    }
                }
                case ORDERED -> ordered(parts, "");
                case PRUNED -> {
                    last = Part.of(0);
                    backward(parts, target, found -> found);
                    last = last.steps.isEmpty() ? random(parts, new ArrayList<>()) : last;
                }
            }
            return last.text;
        }

        private Part random(List<Part> parts, List<String> line) {
            RandomStream random = pad.random();
            List<Part> left = random.shuffled(parts);
            while (left.size() > 1) {
                Part a = left.remove(random.below(left.size()));
                Part b = left.remove(random.below(left.size()));
                char sign = random.pick(SIGNS);
                Part result = Part.join(a, sign, b, pad);
                line.add(Part.line(a, sign, b, result));
                left.add(result);
            }
            return left.getFirst();
        }

        /// Ends an attempt, and verifies it if it seems right.
        private void finish(Part result, String line) {
            last = result;
            isFound = result.value == target;
            pad.line(line + (isFound ? " yes" : " no"));
            if (isFound && pad.verifies()) {
                isFound = result.exact == target;
                pad.verification(String.join(",", result.steps) + (isFound ? " yes" : " no, wait"));
            }
        }

        private boolean ordered(List<Part> parts, String line) {
            if (parts.size() == 1) {
                if (!pad.attempt()) {
                    return false;
                }
                finish(parts.getFirst(), line);
                return !isFound;
            }
            for (int i = 0; i < parts.size(); i++) {
                for (int j = i + 1; j < parts.size(); j++) {
                    for (char sign : SIGNS) {
                        List<Part> left = new ArrayList<>(parts);
                        Part b = left.remove(j);
                        Part a = left.remove(i);
                        Part result = Part.join(a, sign, b, pad);
                        left.addFirst(result);
                        String next = (line.isEmpty() ? "" : line + ",") + Part.line(a, sign, b, result);
                        if (!ordered(left, next)) {
                            return false;
                        }
                    }
                }
            }
            return true;
        }

        /// What an expression of some numbers becomes in an expression of all.
        private interface Outer {
            Part of(Part inner);
        }

        /// Looks for `wanted` from parts.
        ///
        /// @return false if the search is over
        private boolean backward(List<Part> parts, long wanted, Outer outer) {
            if (parts.size() == 2) {
                return pair(parts.get(0), parts.get(1), wanted, outer, "");
            }
            List<Part> sorted = parts.stream().sorted(Comparator.comparingLong(Part::value).reversed()).toList();
            for (Part last : sorted) {
                List<Part> rest = new ArrayList<>(parts);
                rest.remove(last);
                long most = rest.stream().mapToLong(p -> Math.max(2, p.value)).reduce(1, (x, y) -> x * y);
                for (char sign : new char[] {'+', '-', '*', '~'}) {
                    if (!remainder(last, sign, wanted, most, rest, outer)) {
                        return false;
                    }
                }
            }
            return true;
        }

        /// Looks for what is left of `wanted` without its last operation: `y + c`, `y - c`, `y * c`, or `c - y` for
        /// `~`.
        private boolean remainder(Part c, char sign, long wanted, long most, List<Part> rest, Outer outer) {
            boolean isProduct = sign == '*';
            if (isProduct && (c.value < 2 || wanted % c.value != 0)) {
                return true;
            }
            long need = isProduct ? wanted / c.value : sign == '+' ? pad.calculate(wanted, '-', c.value)
                    : sign == '-' ? pad.calculate(wanted, '+', c.value) : pad.calculate(c.value, '-', wanted);
            if (need < (sign == '~' ? 1 : 0) || need > most) {
                return true;
            }
            String line = isProduct ? wanted + "=" + c.value + "*" + need : sign == '+' ? wanted + "-" + c.value + "="
                    + need : sign == '-' ? wanted + "+" + c.value + "=" + need : c.value + "-" + wanted + "=" + need;
            Outer next = inner -> outer.of(sign == '~' ? exactly(c, '-', inner) : exactly(inner, sign, c));
            if (rest.size() == 2) {
                return pair(rest.get(0), rest.get(1), need, next, line + " ");
            }
            if (!pad.attempt()) {
                return false;
            }
            pad.line(line);
            return backward(rest, need, next);
        }

        private static Part exactly(Part a, char sign, Part b) {
            long exact = Scratchpad.exact(a.exact, sign, b.exact);
            List<String> steps = new ArrayList<>(a.steps);
            steps.addAll(b.steps);
            steps.add(a.exact + "" + sign + b.exact + "=" + exact);
            return new Part(exact, exact, Expressions.join(a.text, sign, b.text), steps);
        }

        private boolean pair(Part a, Part b, long wanted, Outer outer, String head) {
            if (!pad.attempt()) {
                return false;
            }
            List<String> tried = new ArrayList<>();
            for (char sign : SIGNS) {
                Part result = Part.join(a, sign, b, pad);
                tried.add(Part.line(a, sign, b, result));
                last = outer.of(result);
                if (result.value == wanted) {
                    pad.line(head + String.join(",", tried) + " yes");
                    isFound = !pad.verifies() || last.exact == target;
                    if (pad.verifies()) {
                        pad.verification(String.join(",", last.steps) + (isFound ? " yes" : " no, wait"));
                    }
                    if (isFound) {
                        return false;
                    }
                    tried.clear();
                }
            }
            if (!tried.isEmpty()) {
                pad.line(head + String.join(",", tried) + " no");
            }
            return true;
        }
    }
}
