package glia.reason.run;

import glia.reason.task.TaskMix;
import glia.reason.task.TaskSet;
import java.util.List;
import java.util.function.Function;

/// Where prompts come from. Each is a pure function of its number.
public interface ProblemSource {
    /// The problems of a task set: endless, and disjoint in training and evaluation.
    ///
    /// @param encoder turns a prompt into tokens, after which the completion begins
    static ProblemSource of(TaskSet set, Function<String, int[]> encoder) {
        return new TaskProblems(new TaskMix(List.of(set)), encoder);
    }

    /// A problem of training; there are endlessly many, some of which may be the same.
    ///
    /// @param index from 0
    PromptProblem training(long index);

    /// A problem of the held-out set, which has none of training's.
    ///
    /// @param index from 0, less than `numHeldOut`
    PromptProblem heldOut(long index);

    /// How many different problems of training there are, for epochs; `Long.MAX_VALUE` for generated ones.
    long size();

    /// How many problems an evaluation may take; 0 for none.
    long numHeldOut();
}
