package glia.reason.run;

import glia.io.picture.Picture;
import glia.model.block.Input;
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
        return new TaskProblems(new TaskMix(List.of(set)), false,
                problem -> Input.of(encoder.apply(problem.prompt())));
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
    /// @param isShuffled whether problems of training have the pictures of others
    /// @param encoder of prompts with their pictures
    record TaskProblems(TaskMix tasks, boolean isShuffled, Function<Problem, Input> encoder) implements ProblemSource {
        @Override
        public PromptProblem training(long index) {
            return prompt(isShuffled ? tasks.shuffled(Split.TRAIN, index) : tasks.problem(Split.TRAIN, index));
        }

        @Override
        public PromptProblem heldOut(long index) {
            return prompt(tasks.problem(Split.HELD_OUT, index));
        }

        private PromptProblem prompt(Problem problem) {
            return new PromptProblem(problem.prompt(), problem.pictures(), encoder.apply(problem), problem.fields());
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
    /// @param pictures of the prompt
    /// @param input its tokens, with those of the chat template, and the rows of its pictures
    /// @param fields what rewards know about it, such as `answer`
    record PromptProblem(String text, List<Picture> pictures, Input input, Map<String, Object> fields) {
        public PromptProblem {
            pictures = List.copyOf(pictures);
            fields = Map.copyOf(fields);
        }

        /// A prompt of text alone.
        public PromptProblem(String text, int[] ids, Map<String, Object> fields) {
            this(text, List.of(), Input.of(ids), fields);
        }

        /// The tokens of the prompt.
        public int[] ids() {
            return input.ids();
        }

        /// What the model is asked: equal for equal texts with equal pictures.
        Object question() {
            return pictures.isEmpty() ? text : List.of(text, pictures);
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
