package glia.reason.run;

import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import java.util.function.Function;

/// Problems of task sets as prompts.
///
/// @param encoder of prompts
record TaskProblems(TaskMix tasks, Function<String, int[]> encoder) implements ProblemSource {
    @Override
    public PromptProblem training(long index) {
        return problem(Split.TRAIN, index);
    }

    @Override
    public PromptProblem heldOut(long index) {
        return problem(Split.HELD_OUT, index);
    }

    private PromptProblem problem(Split split, long index) {
        Problem problem = tasks.problem(split, index);
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
