package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Shows that the train and held-out splits of tasks have no instance in common.
public final class TasksSplitsCommand implements Command {
    private static final int DEFAULT_COUNT = 1_000;
    private static final Option<Integer> COUNT = Option.integer("N", 1, 10_000_000,
            "problems drawn of each split (default: " + DEFAULT_COUNT + ")", "--limit", "-l", "--count").formerly("-n");

    /// For [glia.cli.Cli].
    public TasksSplitsCommand() {}

    @Override
    public String name() {
        return "tasks splits";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Check that train and held-out problems are disjoint",
                List.of(new Positional("NAME", "tasks (default: all)", false).repeated()),
                List.of(COUNT, TaskOptions.SEED, Json.OPTION))
                .examples("""
                        $ glia tasks splits countdown --count 10000""")
                .notes("Draws problems of all levels of a task and counts different instances and prompts in each "
                        + "split, and those in both. Exit code 1 if there are any.");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        List<Task> tasks = arguments.repeated().isEmpty() ? Tasks.ALL
                : arguments.repeated().stream().map(Tasks::named).toList();
        int count = arguments.get(COUNT).orElse(DEFAULT_COUNT);
        long seed = arguments.get(TaskOptions.SEED).orElse(0L);
        Table table = new Table("lrrrrr").head("task", "problems", "train instances", "held-out instances",
                "instances in both", "prompts in both");
        List<Map<String, Object>> documents = new ArrayList<>();
        long common = 0;
        for (Task task : tasks) {
            TaskSet set = new TaskSet(task, 1, task.levels().size(), seed);
            Set<String> trainPrompts = new HashSet<>();
            Set<String> train = draw(set, Split.TRAIN, count, trainPrompts);
            Set<String> heldOutPrompts = new HashSet<>();
            Set<String> heldOut = draw(set, Split.HELD_OUT, count, heldOutPrompts);
            Set<String> both = new HashSet<>(train);
            both.retainAll(heldOut);
            trainPrompts.retainAll(heldOutPrompts);
            common += both.size() + trainPrompts.size();
            table.row(task.name(), 2L * count, train.size(), heldOut.size(), both.size(), trainPrompts.size());
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("task", task.name());
            object.put("problems", 2L * count);
            object.put("train_instances", train.size());
            object.put("held_out_instances", heldOut.size());
            object.put("instances_in_both", both.size());
            object.put("prompts_in_both", trainPrompts.size());
            documents.add(object);
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("splits", documents));
        } else {
            table.print(console);
        }
        return common == 0 ? ExitCode.OK : ExitCode.FAILED;
    }

    /// The canonical forms of problems; their prompts are added to a set.
    private static Set<String> draw(TaskSet set, Split split, int count, Set<String> prompts) {
        Set<String> instances = new HashSet<>();
        for (int i = 0; i < count; i++) {
            Problem problem = set.problem(split, i);
            instances.add(problem.canonical());
            prompts.add(problem.prompt());
        }
        return instances;
    }
}
