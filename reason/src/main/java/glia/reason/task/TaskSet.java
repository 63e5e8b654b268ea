package glia.reason.task;

import glia.reason.reward.Reward;
import glia.tensor.Hash;

/// The problems of a task at a level, or at levels of a range in equal shares: an endless sequence for each split.
///
/// @param task the generator
/// @param minLevel the easiest level
/// @param maxLevel the hardest level
/// @param seed random seed
public record TaskSet(Task task, int minLevel, int maxLevel, long seed) {
    private static final int MAX_DRAWS = 100_000;

    /// @throws IllegalArgumentException if the task does not have the levels
    public TaskSet {
        if (minLevel < 1 || minLevel > maxLevel || maxLevel > task.levels().size()) {
            throw new IllegalArgumentException("found the level " + levelText(minLevel, maxLevel) + ", but "
                    + task.name() + " has the levels 1 to " + task.levels().size());
        }
    }

    /// The problems at one level.
    public static TaskSet of(Task task, int level, long seed) {
        return new TaskSet(task, level, level, seed);
    }

    /// The problems of a task by `NAME`, `NAME:LEVEL` or `NAME:MIN-MAX`, such as `countdown:1-4`.
    ///
    /// @throws IllegalArgumentException if there is no such task or level; the message names what there is
    public static TaskSet of(String spec, long seed) {
        int colon = spec.indexOf(':');
        if (colon < 0) {
            Task task = Tasks.named(spec);
            return of(task, task.defaultLevel(), seed);
        }
        return levels(Tasks.named(spec.substring(0, colon)), spec.substring(colon + 1), seed, spec);
    }

    private static TaskSet levels(Task task, String text, long seed, String spec) {
        int hyphen = text.indexOf('-');
        int min = level(hyphen < 0 ? text : text.substring(0, hyphen), spec);
        int max = hyphen < 0 ? min : level(text.substring(hyphen + 1), spec);
        return new TaskSet(task, min, max, seed);
    }

    private static int level(String digits, String spec) {
        if (!digits.matches("\\d{1,4}")) {
            throw new IllegalArgumentException("'" + spec + "': found '" + digits
                    + "', expected a level, such as 2, or "
                    + "a range of levels, such as 1-3");
        }
        return Integer.parseInt(digits);
    }

    /// The task's name.
    public String name() {
        return task.name();
    }

    /// The task's verifier: 1 for a right final answer, else 0.
    public Reward verifier() {
        return task.verifier();
    }

    /// A problem of a split: a function of the seed, the split and the index. Problems of disjoint splits are never
    /// the same. Problems of one split may repeat, since a level may have few instances.
    ///
    /// @param index from 0
    public Problem problem(Split split, long index) {
        if (index < 0) {
            throw new IllegalArgumentException("found the index " + index + ", expected one from 0");
        }
        long place = Hash.of(seed, nameHash(), minLevel, maxLevel, split.ordinal(), index);
        int level = new RandomStream(place, -1).between(minLevel, maxLevel);
        for (int draw = 0; draw < MAX_DRAWS; draw++) {
            Instance instance = task.draw(level, new RandomStream(place, draw));
            if (split.holds(task.name(), instance.canonical())) {
                return new Problem(id(split, index), instance.prompt(), instance.fields(), instance.canonical(),
                        instance.pictures().get());
            }
        }
        throw new IllegalStateException(task.name() + " has no instance of level " + level + " in the split "
                + split.word());
    }

    private String id(Split split, long index) {
        return name() + "/" + levelText(minLevel, maxLevel) + "/" + split.word() + "/" + seed + "/" + index;
    }

    private static String levelText(int min, int max) {
        return min == max ? Integer.toString(min) : min + "-" + max;
    }

    private long nameHash() {
        return Hash.of(name().chars().asLongStream().toArray());
    }

    /// The problem of an id.
    ///
    /// @param id `TASK/LEVEL/SPLIT/SEED/INDEX`
    /// @throws IllegalArgumentException if it is not the id of a problem
    public static Problem problem(String id) {
        String[] parts = id.split("/", -1);
        if (parts.length != 5) {
            throw new IllegalArgumentException("'" + id + "' is not the id of a problem; expected "
                    + "TASK/LEVEL/SPLIT/SEED/INDEX, such as countdown/4/held-out/0/17");
        }
        long seed = number(parts[3], "seed", id);
        long index = number(parts[4], "index", id);
        Problem problem = levels(Tasks.named(parts[0]), parts[1], seed, id).problem(Split.of(parts[2]), index);
        if (!problem.id().equals(id)) {
            throw new IllegalArgumentException("'" + id + "' is not the id of a problem; expected " + problem.id());
        }
        return problem;
    }

    private static long number(String text, String what, String id) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + id + "': found the " + what + " '" + text
                    + "', expected an integer", e);
        }
    }
}
