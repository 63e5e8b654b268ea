package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.reason.task.Split;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
}
