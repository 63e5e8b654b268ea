package glia.reason.trace;

import glia.reason.task.Problem;
import java.util.List;

/// Problems that are computed in steps: nothing is searched for. A random solver leaves a step out or takes steps in a
/// wrong order.
abstract class StepSolver implements TraceSet.Solver {
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
