package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Units;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// Shows or writes problems of a task.
public final class TasksSampleCommand implements Command {
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
                .notes("A line of JSONL has the problem's id, its prompt, what its verifier needs (answer, numbers, "
                        + "target …), the instance's canonical form and its SHA-256 hash, which decides the split.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Path> file = arguments.get(JSONL).map(Path::of);
        if (file.isPresent()) {
            TextFiles.checkWritable(file.get(), arguments);
        }
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
                console.printText(problem.id() + "\n" + ("  " + problem.prompt() + "\nanswer: " + problem.answer())
                        .replace("\n", "\n  "));
            }
        }
        return ExitCode.OK;
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
        object.put("answer", problem.answer());
        problem.fields().keySet().stream().sorted().forEach(key -> object.put(key, problem.fields().get(key)));
        object.put("canonical", problem.canonical());
        object.put("hash", Split.hash(task, problem.canonical()));
        return object;
    }
}
