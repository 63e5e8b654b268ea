package glia.reason.run;

import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.util.function.Function;

/// The problems of a task set.
///
/// @param encoder of prompts
record TaskProblems(TaskSet set, Function<String, int[]> encoder) implements ProblemSource {
    @Override
    public PromptProblem training(long index) {
        return problem(Split.TRAIN, index);
    }

    @Override
    public PromptProblem heldOut(long index) {
        return problem(Split.HELD_OUT, index);
    }

    private PromptProblem problem(Split split, long index) {
        Problem problem = set.problem(split, index);
        return new PromptProblem(problem.prompt(), encoder.apply(problem.prompt()), problem.fields());
    }

    @Override
    public long size() {
        return Long.MAX_VALUE;
    }

    @Override
    public long numHeldOut() {
        return Long.MAX_VALUE;
    }
}
