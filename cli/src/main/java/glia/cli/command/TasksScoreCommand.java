package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.reason.task.Problem;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// Scores completions of a task's problems.
public final class TasksScoreCommand implements Command {
    private static final Option<String> SAMPLES = Option.text("FILE",
            "write the result of each completion to a JSONL file", "--samples").elsewhere("--details", "--output");

    /// For [glia.cli.Cli].
    public TasksScoreCommand() {}

    @Override
    public String name() {
        return "tasks score";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Score completions of a task's problems",
                List.of(TaskOptions.NAME, new Positional("FILE",
                        "completions in JSONL, in each line {\"id\": …, \"completion\": …}", true)),
                List.of(SAMPLES, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia tasks sample countdown --split held-out --count 500 --jsonl problems.jsonl
                        $ glia tasks score countdown answers.jsonl --samples results.jsonl""")
                .notes("The id is that of glia tasks sample; the problem is generated again from it. A completion may "
                        + "hold thoughts in <think>…</think> before its answer. Intervals are Wilson's with 95 % "
                        + "confidence, of as many trials as there are different prompts. Lines that cannot "
                        + "be scored are reported, left out of the accuracy, and end the command with exit code 3.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Task task = Tasks.named(arguments.required(0));
        Path file = Path.of(arguments.required(1));
        Optional<Path> samples = TextFiles.output(SAMPLES, arguments);
        ScoreReport report = new ScoreReport(task.name(), file.toString());
        StringBuilder results = new StringBuilder();
        try (JsonLines lines = new JsonLines(file)) {
            for (boolean isEnd = false; !isEnd;) {
                try {
                    JsonLine line = lines.next();
                    isEnd = line == null;
                    if (!isEnd) {
                        results.append(score(task, line, report));
                    }
                } catch (CheckpointException e) {
                    report.addError(e.getMessage());
                }
            }
        }
        if (samples.isPresent()) {
            TextFiles.write(samples.get(), results.toString());
        }
        report.print(arguments.has(Json.OPTION), console);
        return report.numErrors() == 0 ? ExitCode.OK : ExitCode.BAD_FILE;
    }

    /// Scores a line.
    ///
    /// @return its result as a line of JSON
    /// @throws CheckpointException if the line has no completion, or no id of a problem of the task
    private static String score(Task task, JsonLine line, ScoreReport report) throws CheckpointException {
        String id = line.text("id");
        Problem problem;
        try {
            problem = TaskSet.problem(id);
        } catch (IllegalArgumentException e) {
            throw line.place().error("id", e.getMessage());
        }
        if (!id.startsWith(task.name() + "/")) {
            throw line.place().error("id", "found '" + id + "', which is a problem of another task than "
                    + task.name());
        }
        if (!(line.values().get("completion") instanceof String completion)) {
            throw line.values().containsKey("completion") ? line.place().error("completion", "found "
                    + JsonLine.shown(line.values().get("completion")) + ", expected a string")
                    : line.missing("completion", "a string");
        }
        Optional<String> answer = task.finalAnswer(completion);
        boolean isRight = answer.filter(a -> task.isRight(a, problem.fields())).isPresent();
        report.add(id, problem.prompt(), answer.isPresent(), isRight);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("id", id);
        object.put("right", isRight);
        object.put("final_answer", answer.orElse(null));
        object.put("expected", problem.answer());
        return JsonMapper.shared().writeValueAsString(object) + "\n";
    }
}
