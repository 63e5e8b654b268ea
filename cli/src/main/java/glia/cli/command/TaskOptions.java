package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.util.List;

/// What the commands of `glia tasks` have in common.
final class TaskOptions {
    static final Positional NAME = new Positional("NAME", "task; glia tasks list shows all", true);
    static final Option<String> LEVEL = Option.text("LEVEL",
            "level of difficulty, such as 2, or a range in equal shares, such as 1-3 (default: the task's)", "--level")
            .elsewhere("--difficulty");
    static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 0)", "--seed", "-s");
    static final Option<Long> START = Option.parsed("N", List.of(), TaskOptions::index,
            "index of the first one (default: 0)", "--start").elsewhere("--offset", "--skip");
    static final Option<Split> SPLIT = Option.parsed("SPLIT", Split.words(), Split::of,
            "split: train or held-out, of which validation and test are halves (default: train)", "--split");

    private TaskOptions() {}

    private static long index(String word) {
        if (!word.matches("\\d{1,15}")) {
            throw new IllegalArgumentException("'" + word + "' is not an index: a whole number of at most 15 digits");
        }
        return Long.parseLong(word);
    }

    /// The problems that a command line names.
    ///
    /// @throws IllegalArgumentException if there is no such task or level
    static TaskSet set(String name, Arguments arguments) {
        long seed = arguments.get(SEED).orElse(0L);
        return TaskSet.of(arguments.get(LEVEL).map(level -> name + ":" + level).orElse(name), seed);
    }

    static Split split(Arguments arguments) {
        return arguments.get(SPLIT).orElse(Split.TRAIN);
    }
}
