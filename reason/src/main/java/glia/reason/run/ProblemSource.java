package glia.reason.run;

import glia.reason.reward.Sample;
import glia.reason.rollout.Rollout;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.reason.task.TaskSet;
import java.util.List;
import java.util.Map;
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

    /// A prompt with what its rewards need.
    ///
    /// @param text of the prompt
    /// @param ids its tokens, with those of the chat template
    /// @param fields what rewards know about it, such as `answer`
    record PromptProblem(String text, int[] ids, Map<String, Object> fields) {
        public PromptProblem {
            fields = Map.copyOf(fields);
        }

        /// A completion to be scored.
        ///
        /// @param completion its text without the end token
        /// @param place a number of its own for each completion of a run
        Sample sample(Rollout rollout, String completion, long place) {
            return new Sample(text, completion, rollout.numSampled(), rollout.isFinished(), fields, place);
        }
    }
}
