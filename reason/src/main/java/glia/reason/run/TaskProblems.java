package glia.reason.run;

import glia.reason.reward.Reward;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/// The problems of task sets, in turns: of n sets, problem i is that of set i mod n.
///
/// @param encoder of prompts
record TaskProblems(List<TaskSet> sets, Function<String, int[]> encoder) implements ProblemSource {
    /// The field of a problem that names its task, where there are several.
    static final String TASK = "task";

    TaskProblems {
        sets = List.copyOf(sets);
    }

    /// The verifier of the sets' tasks, by the problem's task.
    static Reward verifier(List<TaskSet> sets) {
        if (sets.size() == 1) {
            return sets.getFirst().verifier();
        }
        Map<String, Reward> verifiers = new HashMap<>();
        sets.forEach(set -> verifiers.putIfAbsent(set.name(), set.verifier()));
        return sample -> sample.fields().get(TASK) instanceof String task && verifiers.containsKey(task)
                ? verifiers.get(task).score(sample) : OptionalDouble.empty();
    }

    @Override
    public PromptProblem training(long index) {
        return problem(Split.TRAIN, index);
    }

    @Override
    public PromptProblem heldOut(long index) {
        return problem(Split.HELD_OUT, index);
    }

    private PromptProblem problem(Split split, long index) {
        TaskSet set = sets.get((int) (index % sets.size()));
        Problem problem = set.problem(split, index / sets.size());
        Map<String, Object> fields = problem.fields();
        if (sets.size() > 1) {
            fields = new HashMap<>(fields);
            fields.put(TASK, set.name());
        }
        return new PromptProblem(problem.prompt(), encoder.apply(problem.prompt()), fields);
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
