package glia.reason.trace;

import glia.reason.task.Problem;
import glia.reason.task.PythonPrograms;
import java.util.List;

/// Programs by their assignments in the order of execution: `a=20`, `b=0`. A random solver stops too early.
final class ProgramSolver implements Solver {
    private static final int MAX_LINES = 60;

    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        if (strategy == Strategy.GUESS) {
            return Integer.toString(pad.random().between(0, 20));
        }
        List<String> assignments = PythonPrograms.assignments(problem.fields());
        boolean isCut = strategy == Strategy.RANDOM && assignments.size() > 1;
        int count = Math.min(MAX_LINES, isCut ? 1 + pad.random().below(assignments.size() - 1) : assignments.size());
        assignments.subList(0, count).forEach(line -> {
            pad.step();
            pad.line(line);
        });
        String last = count == 0 ? "" : assignments.get(count - 1);
        return isCut ? last.substring(last.indexOf('=') + 1) : problem.answer();
    }
}
