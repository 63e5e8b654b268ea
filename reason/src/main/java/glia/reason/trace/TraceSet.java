package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import glia.reason.task.PythonPrograms;
import glia.reason.task.RandomStream;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Traces of solvers of mixed quality, to train a model from nothing: some searches are random, some ordered, some
/// pruned; some answers are wrong; few traces verify what they found.
///
/// @param set the problems
/// @param options the mix of qualities
public record TraceSet(TaskSet set, TraceOptions options) {
    private static final Map<String, Solver> SOLVERS = Map.of("arithmetic", new ArithmeticSolver(),
            "linear", new LinearSolver(), "quadratic", new QuadraticSolver(), "countdown", new CountdownSolver(),
            "sorting", new SortingSolver(), "deduction", new KnightsSolver(), "ordering", new OrderingSolver(),
            "strings", new StringSolver(), "programs", new ProgramSolver(), "word-problems", new WordProblemSolver());
    /// Sets the choices of a trace apart from those of its problem.
    private static final long TRACE = 0x7472616365L;

    /// @throws IllegalArgumentException if the task has no solver
    public TraceSet {
        if (!SOLVERS.containsKey(set.name())) {
            throw new IllegalArgumentException("there are no traces of the task '" + set.name() + "'; expected one of "
                    + String.join(", ", names()));
        }
    }

    /// The tasks that have traces.
    public static Set<String> names() {
        return new TreeSet<>(SOLVERS.keySet());
    }

    /// The trace of a problem: a function of the seed, the split and the index.
    public Trace trace(Split split, long index) {
        Problem problem = set.problem(split, index);
        RandomStream random = new RandomStream(TRACE, set.seed(), split.ordinal(), index);
        Strategy strategy = strategy(random);
        if (strategy == Strategy.DIRECT) {
            return direct(problem, random);
        }
        Scratchpad pad = new Scratchpad(random, options);
        String answer = SOLVERS.get(set.name()).solve(problem, strategy, pad);
        return new Trace(problem, pad.text(), answer, strategy, pad.attempts(), pad.isVerified(),
                isRight(problem, Trace.completion(pad.text(), answer)));
    }

    /// The answer of a search without slips and limits, or the task's where the search leaves out the right one.
    private Trace direct(Problem problem, RandomStream random) {
        Scratchpad pad = new Scratchpad(random, options.with(0, 0, Integer.MAX_VALUE));
        String answer = SOLVERS.get(set.name()).solve(problem, Strategy.PRUNED, pad);
        return new Trace(problem, "", isRight(problem, answer) ? answer : problem.answer(), Strategy.DIRECT, 0, false,
                true);
    }

    private boolean isRight(Problem problem, String completion) {
        return set.task().finalAnswer(completion).filter(a -> set.task().isRight(a, problem.fields())).isPresent();
    }

    private Strategy strategy(RandomStream random) {
        double total = options.weights().values().stream().mapToDouble(Double::doubleValue).sum();
        double left = random.fraction() * total;
        Strategy last = null;
        for (Strategy strategy : Strategy.values()) {
            double weight = options.weights().getOrDefault(strategy, 0.0);
            if (weight > 0) {
                last = strategy;
                left -= weight;
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /// Programs by their assignments in the order of execution: `a=20`, `b=0`. A random solver stops too early.
    static final class ProgramSolver implements Solver {
        private static final int MAX_LINES = 60;

        @Override
        public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
            if (strategy == Strategy.GUESS) {
                return Integer.toString(pad.random().between(0, 20));
            }
            List<String> assignments = PythonPrograms.assignments(problem.fields());
            boolean isCut = strategy == Strategy.RANDOM && assignments.size() > 1;
            int count = Math.min(MAX_LINES, isCut ? 1 + pad.random().below(assignments.size() - 1)
                    : assignments.size());
            assignments.subList(0, count).forEach(line -> {
                pad.step();
                pad.line(line);
            });
            String last = count == 0 ? "" : assignments.get(count - 1);
            return isCut ? last.substring(last.indexOf('=') + 1) : problem.answer();
        }
    }

    /// String puzzles letter by letter: the letters of the string, then of each result. A random solver stops too
    /// early.
    static final class StringSolver implements Solver {
        @Override
        public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
            String word = Fields.text(problem.fields(), "word");
            List<String> results = Fields.texts(problem.fields(), "results");
            if (strategy == Strategy.GUESS) {
                return String.join("", pad.random().shuffled(List.of(word.split(""))));
            }
            pad.line(spelled(word));
            int count = strategy == Strategy.RANDOM ? pad.random().below(results.size() + 1) : results.size();
            String result = word;
            for (String next : results.subList(0, count)) {
                pad.step();
                int slip = Math.toIntExact(pad.calculate(0, '+', 0));
                result = slip == 0 || next.length() < 2 ? next : next.substring(1);
                pad.line(spelled(result));
            }
            return result;
        }

        private static String spelled(String word) {
            return word.chars().mapToObj(Character::toString).collect(Collectors.joining(" "));
        }
    }

    /// Problems that are computed in steps: nothing is searched for. A random solver leaves a step out or takes steps
    /// in a wrong order.
    abstract static class StepSolver implements Solver {
        /// What the steps lead to.
        ///
        /// @param steps calculations such as `3*4=12`
        record Result(List<String> steps, long value) { }

        /// @param isCareless whether a step is left out, or steps are taken in a wrong order
        /// @param isExact whether there are no slips
        abstract Result steps(Problem problem, boolean isCareless, boolean isExact, Scratchpad pad);

        @Override
        public final String solve(Problem problem, Strategy strategy, Scratchpad pad) {
            if (strategy == Strategy.GUESS) {
                return Long.toString(steps(problem, false, true, pad).value() + pad.random().between(-3, 3));
            }
            Result result = steps(problem, strategy == Strategy.RANDOM, false, pad);
            for (String step : result.steps()) {
                pad.step();
                pad.line(step);
            }
            if (!pad.verifies()) {
                return Long.toString(result.value());
            }
            Result exact = steps(problem, false, true, pad);
            boolean isRight = exact.value() == result.value();
            pad.verification(String.join(",", exact.steps()) + (isRight ? " yes" : " no, wait"));
            return Long.toString(exact.value());
        }
    }

    /// Word problems step by step. A careless solver leaves a step out.
    static final class WordProblemSolver extends StepSolver {
        @Override
        Result steps(Problem problem, boolean isCareless, boolean isExact, Scratchpad pad) {
            List<String> story = Fields.texts(problem.fields(), "steps");
            long value = Long.parseLong(story.getFirst());
            int skipped = isCareless ? 1 + pad.random().below(story.size() - 1) : 0;
            List<String> steps = new ArrayList<>();
            for (int i = 1; i < story.size(); i++) {
                if (i == skipped) {
                    continue;
                }
                String step = story.get(i);
                char sign = step.charAt(0);
                String rest = step.substring(1);
                int times = rest.indexOf('*');
                long number = Long.parseLong(rest.substring(0, times < 0 ? rest.replace("x", "").length() : times));
                if (times >= 0) {
                    number = calculate(number, '*', Long.parseLong(rest.substring(times + 1)), steps, isExact, pad);
                } else if (rest.endsWith("x")) {
                    number = calculate(value, '*', number, steps, isExact, pad);
                }
                value = calculate(value, sign, number, steps, isExact, pad);
            }
            return new Result(steps, value);
        }

        private static long calculate(long a, char sign, long b, List<String> steps, boolean isExact, Scratchpad pad) {
            long value = sign == '/' ? a / b : isExact ? Scratchpad.exact(a, sign, b) : pad.calculate(a, sign, b);
            steps.add(a + "" + sign + b + "=" + value);
            return value;
        }
    }

    /// Arithmetic by its operations, those in brackets first, then products. A careless solver goes from left to right.
    static final class ArithmeticSolver extends StepSolver {
        @Override
        Result steps(Problem problem, boolean isCareless, boolean isExact, Scratchpad pad) {
            List<String> tokens = new ArrayList<>(List.of(Fields.text(problem.fields(), "expression").replace("(", "( ")
                    .replace(")", " )").split(" ")));
            List<String> steps = new ArrayList<>();
            while (tokens.size() > 1) {
                int close = tokens.indexOf(")");
                int open = close < 0 ? -1 : tokens.subList(0, close).lastIndexOf("(");
                int end = close < 0 ? tokens.size() : close;
                if (end - open == 2) {
                    tokens.remove(close);
                    tokens.remove(open);
                    continue;
                }
                int at = operation(tokens, open + 1, end, isCareless);
                long a = Long.parseLong(tokens.get(at - 1));
                long b = Long.parseLong(tokens.get(at + 1));
                char sign = tokens.get(at).charAt(0);
                long value = isExact ? Scratchpad.exact(a, sign, b) : pad.calculate(a, sign, b);
                steps.add(a + "" + sign + (b < 0 ? "(" + b + ")" : b) + "=" + value);
                tokens.set(at - 1, Long.toString(value));
                tokens.remove(at);
                tokens.remove(at);
            }
            return new Result(steps, Long.parseLong(tokens.getFirst()));
        }

        /// The place of the next operation between two places.
        private static int operation(List<String> tokens, int start, int end, boolean isCareless) {
            for (int i = start + 1; i < end && !isCareless; i += 2) {
                if (tokens.get(i).equals("*")) {
                    return i;
                }
            }
            return start + 1;
        }
    }

    /// Solves the problems of a task in writing.
    @FunctionalInterface
    interface Solver {
        /// @return the final answer, in the form that the task expects
        String solve(Problem problem, Strategy strategy, Scratchpad pad);
    }
}
