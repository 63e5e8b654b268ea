package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.io.picture.Picture;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/// Lists the tasks for reasoning: `glia tasks` and `glia tasks list`.
public final class TasksCommand implements Command {
    private final String name;

    private TasksCommand(String name) {
        this.name = name;
    }

    /// For [glia.cli.Cli]: the command by which the group is called.
    public static Command group() {
        return new TasksCommand("tasks");
    }

    /// For [glia.cli.Cli]: the command of the group.
    public static Command list() {
        return new TasksCommand("tasks list");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Syntax syntax() {
        boolean isGroup = name.equals("tasks");
        Syntax syntax = new Syntax(name, isGroup ? "Generate problems for reasoning and score their answers"
                : "List the tasks and their levels", List.of(), List.of(Json.OPTION));
        return isGroup ? syntax.examples("""
                        $ glia tasks list
                        $ glia tasks sample countdown --count 3 --split held-out
                        $ glia tasks score countdown answers.jsonl""")
                .notes("glia tasks alone lists the tasks. Problems are endless and a function of the seed, the split "
                        + "and the index. The train and held-out splits never have an instance in common; "
                        + "docs/tasks.md describes how the hash of an instance decides.")
                : syntax.examples("""
                        $ glia tasks list
                        $ glia tasks list --json""");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("tasks", Tasks.ALL.stream().map(TasksCommand::document).toList());
            Json.print(console, document);
            return ExitCode.OK;
        }
        Table table = new Table("lrl").head("task", "level", "problems");
        for (Task task : Tasks.ALL) {
            table.row(task.name(), "", task.summary());
            for (int i = 0; i < task.levels().size(); i++) {
                boolean isDefault = i + 1 == task.defaultLevel();
                table.row("", i + 1, task.levels().get(i) + (isDefault ? " (default)" : ""));
            }
        }
        table.print(console);
        return ExitCode.OK;
    }

    private static Map<String, Object> document(Task task) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", task.name());
        object.put("summary", task.summary());
        object.put("levels", task.levels());
        object.put("default_level", task.defaultLevel());
        object.put("example", TaskSet.of(task.name(), 0).problem(Split.TRAIN, 0).prompt());
        return object;
    }

    /// Shows that the train and held-out splits of tasks have no instance in common.
    public static final class TasksSplitsCommand implements Command {
        private static final int DEFAULT_COUNT = 1_000;
        private static final Option<Integer> COUNT = Option.integer("N", 1, 10_000_000,
                "problems drawn of each split (default: " + DEFAULT_COUNT + ")", "--limit", "-l", "--count").formerly(
                "-n");

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
                Set<Object> trainPrompts = new HashSet<>();
                Set<String> train = draw(set, Split.TRAIN, count, trainPrompts);
                Set<Object> heldOutPrompts = new HashSet<>();
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
        private static Set<String> draw(TaskSet set, Split split, int count, Set<Object> prompts) {
            Set<String> instances = new HashSet<>();
            for (int i = 0; i < count; i++) {
                Problem problem = set.problem(split, i);
                instances.add(problem.canonical());
                prompts.add(problem.question());
            }
            return instances;
        }
    }

    /// Shows or writes problems of a task.
    public static final class TasksSampleCommand implements Command {
        private static final int DEFAULT_COUNT = 5;
        private static final int MAX_COUNT = 10_000_000;
        private static final Option<Integer> COUNT = Option.integer("N", 1, MAX_COUNT,
                "number of problems (default: " + DEFAULT_COUNT + ")", "--limit", "-l", "--count")
                .formerly("-n").elsewhere("--num");
        private static final Option<String> JSONL = Option.text("FILE",
                "write the problems to a JSONL file, one object a line", "--output", "-o", "--jsonl");

        /// For [glia.cli.Cli].
        public TasksSampleCommand() {}

        @Override
        public String name() {
            return "tasks sample";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Show or write problems of a task", List.of(TaskOptions.NAME),
                    List.of(COUNT, TaskOptions.SPLIT, TaskOptions.LEVEL, TaskOptions.SEED, TaskOptions.START, JSONL,
                            TextFiles.FORCE, Json.OPTION))
                    .examples("""
                            $ glia tasks sample quadratic --count 1
                            quadratic/1/train/0/0
                              Solve x^2 + 3x - 40 = 0.
                              answer: x = -8 or x = 5
                            $ glia tasks sample countdown --split held-out --count 500 --jsonl problems.jsonl""")
                    .notes(
                    "A line of JSONL has the problem's id, its prompt, images as data URLs, what its "
                            + "verifier needs (answer, numbers, "
                            + "target …), the instance's canonical form and its SHA-256 hash, which decides the "
                            + "split.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws IOException {
            Optional<Path> file = TextFiles.output(JSONL, arguments);
            TaskSet set = TaskOptions.set(arguments.required(0), arguments);
            Split split = TaskOptions.split(arguments);
            long start = arguments.get(TaskOptions.START).orElse(0L);
            int count = arguments.get(COUNT).orElse(DEFAULT_COUNT);
            if (file.isPresent()) {
                TextFiles.writeLines(file.get(), count, i -> JsonMapper.shared().writeValueAsString(
                        document(set.name(), set.problem(split, start + i))));
            }
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("task", set.name());
                document.put("split", split.word());
                document.put("seed", set.seed());
                document.put("problems", file.isPresent() ? count : documents(set, split, start, count));
                file.ifPresent(path -> document.put("file", path.toString()));
                Json.print(console, document);
            } else if (file.isPresent()) {
                console.out().println("Wrote " + Units.counted(count, "problem") + " to " + file.get());
            } else {
                for (int i = 0; i < count; i++) {
                    Problem problem = set.problem(split, start + i);
                    console.printText(problem.id() + "\n" + ("  " + pictures(problem)
                            + problem.prompt() + "\nanswer: " + problem.answer())
                            .replace("\n", "\n  "));
                }
            }
            return ExitCode.OK;
        }

        private static String pictures(Problem problem) {
            return problem.pictures().stream().map(p -> "[picture of " + p.size() + ": "
                    + problem.canonical() + "]\n").collect(Collectors.joining());
        }

        private static List<Map<String, Object>> documents(TaskSet set, Split split, long start, int count) {
            List<Map<String, Object>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(document(set.name(), set.problem(split, start + i)));
            }
            return all;
        }

        private static Map<String, Object> document(String task, Problem problem) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("id", problem.id());
            object.put("prompt", problem.prompt());
            if (!problem.pictures().isEmpty()) {
                object.put("images", problem.pictures().stream().map(Picture::dataUrl).toList());
            }
            object.put("answer", problem.answer());
            problem.fields().keySet().stream().sorted().forEach(key -> object.put(key, problem.fields().get(key)));
            object.put("canonical", problem.canonical());
            object.put("hash", Split.hash(task, problem.canonical()));
            return object;
        }
    }
}
