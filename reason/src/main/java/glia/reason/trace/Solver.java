package glia.reason.trace;

import glia.reason.task.Problem;

/// Solves the problems of a task in writing.
@FunctionalInterface
interface Solver {
    /// @return the final answer, in the form that the task expects
    String solve(Problem problem, Strategy strategy, Scratchpad pad);
}
