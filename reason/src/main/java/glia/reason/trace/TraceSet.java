package glia.reason.trace;

import glia.reason.task.Problem;
import glia.reason.task.RandomStream;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

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
}
