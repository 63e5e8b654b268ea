package glia.reason.task;

import glia.reason.reward.Reward;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/// The problems of several task sets, in turns: of n sets, problem i is that of set i mod n.
///
/// @param sets at least one
public record TaskMix(List<TaskSet> sets) {
    /// The field of a problem that names its task, where there are several sets.
    public static final String TASK = "task";
    /// Problems in a row of a set that came before, after which it is taken to have no other.
    private static final int MISSES = 2000;

    /// @throws IllegalArgumentException if there is no set
    public TaskMix {
        sets = List.copyOf(sets);
        if (sets.isEmpty()) {
            throw new IllegalArgumentException("found no task set, expected at least one");
        }
    }

    /// Whether a text begins with the name of a task, as those of [#of] do.
    public static boolean describes(String text) {
        return Tasks.names().contains(text.split("[:,]", 2)[0]);
    }

    /// Task sets with commas between them, such as `countdown:1-4,quadratic:1` (see [TaskSet#of(String,long)]).
    ///
    /// @throws IllegalArgumentException if there is no such task or level; the message names what there is
    public static TaskMix of(String specs, long seed) {
        List<TaskSet> sets = new ArrayList<>();
        for (String spec : specs.split(",", -1)) {
            sets.add(TaskSet.of(spec.strip(), seed));
        }
        return new TaskMix(sets);
    }

    /// A problem of a split; a function of the seeds, the split and the index.
    public Problem problem(Split split, long index) {
        TaskSet set = sets.get((int) (index % sets.size()));
        Problem problem = set.problem(split, index / sets.size());
        if (sets.size() == 1) {
            return problem;
        }
        Map<String, Object> fields = new HashMap<>(problem.fields());
        fields.put(TASK, set.name());
        return new Problem(problem.id(), problem.prompt(), fields, problem.canonical(), problem.pictures());
    }

    /// A problem with the pictures of the next one of its set: a control, in which pictures say nothing of answers.
    public Problem shuffled(Split split, long index) {
        Problem problem = problem(split, index);
        return new Problem(problem.id(), problem.prompt(), problem.fields(), problem.canonical(),
                problem(split, index + sets.size()).pictures());
    }

    /// The first problems of a split whose prompts or pictures differ. A level may have few: then there are fewer.
    ///
    /// @param count how many at most
    public List<Problem> distinct(Split split, int count) {
        Set<Object> questions = new HashSet<>();
        List<Problem> problems = new ArrayList<>();
        long misses = 0;
        for (long i = 0; problems.size() < count && misses < MISSES * sets.size(); i++) {
            Problem problem = problem(split, i);
            if (questions.add(problem.question())) {
                problems.add(problem);
                misses = 0;
            } else {
                misses++;
            }
        }
        return problems;
    }

    /// The verifier of the sets' tasks, by the problem's task.
    public Reward verifier() {
        if (sets.size() == 1) {
            return sets.getFirst().verifier();
        }
        Map<String, Reward> verifiers = new HashMap<>();
        sets.forEach(set -> verifiers.putIfAbsent(set.name(), set.verifier()));
        return sample -> sample.fields().get(TASK) instanceof String task && verifiers.containsKey(task)
                ? verifiers.get(task).score(sample) : OptionalDouble.empty();
    }

    /// The final answer of a completion: as the only task reads it, or in the general form ([FinalAnswer]).
    public Optional<String> finalAnswer(String completion) {
        return sets.size() == 1 ? sets.getFirst().task().finalAnswer(completion) : FinalAnswer.of(completion);
    }
}
