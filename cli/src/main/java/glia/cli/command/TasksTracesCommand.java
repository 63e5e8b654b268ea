package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.task.Split;
import glia.reason.trace.Drills;
import glia.reason.trace.Trace;
import glia.reason.trace.TraceOptions;
import glia.reason.trace.TraceSet;
import glia.reason.trace.TraceStatistics.Group;
import glia.reason.trace.TraceStatistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import tools.jackson.databind.json.JsonMapper;

/// Writes solver traces and arithmetic drills as training data.
public final class TasksTracesCommand implements Command {
    private static final String DRILLS = "drills";
    private static final List<String> FORMATS = List.of("chat", "completion", "text");
    private static final int DEFAULT_COUNT = 5;
    private static final Option<Integer> COUNT = Option.integer("N", 1, 100_000_000,
            "number of traces (default: " + DEFAULT_COUNT + ")", "--limit", "-l", "--count")
            .formerly("-n").elsewhere("--num");
    private static final Option<String> OUTPUT = Option.text("FILE", "write the traces to a JSONL file", "--output",
            "-o").elsewhere("--jsonl", "--out");
    private static final Option<String> FORMAT = Option.parsed("FORMAT", FORMATS, TasksTracesCommand::format,
            "lines of the file: chat ({\"messages\": …}, for fine-tuning), completion ({\"prompt\": …, \"completion\": "
                    + "…}, for models without a chat template) or text ({\"text\": …}, for pretraining) "
                    + "(default: chat)", "--format");
    private static final Option<String> QUALITY = Option.text("MIX",
            "strategies with their weights, such as random:3,pruned:1, of guess, random, ordered, pruned and direct "
                    + "(default: guess:1,random:3,ordered:3,pruned:3)", "--quality");
    private static final Option<Float> VERIFY = Option.number("SHARE", 0, 1,
            "share of traces that verify their answer (default: 0.25)", "--verify");
    private static final Option<Float> SLIPS = Option.number("SHARE", 0, 1,
            "share of calculations with a wrong result (default: 0.01)", "--slips");
    private static final Option<Integer> ATTEMPTS = Option.integer("N", 1, 10_000,
            "most attempts of a trace (default: 8)", "--attempts");
    private static final Option<Boolean> STATS = Option.flag(
            "show shares of right and verified answers, and lengths", "--stats").elsewhere("--statistics");

    /// For [glia.cli.Cli].
    public TasksTracesCommand() {}

    private static String format(String word) {
        if (!FORMATS.contains(word)) {
            throw new IllegalArgumentException("'" + word + "' is not " + String.join(", ", FORMATS));
        }
        return word;
    }

    @Override
    public String name() {
        return "tasks traces";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Write solver traces of mixed quality as training data",
                List.of(new Positional("NAME", "task, or drills for single calculations", true)),
                List.of(COUNT, OUTPUT, FORMAT, QUALITY, VERIFY, SLIPS, ATTEMPTS, TaskOptions.SPLIT, TaskOptions.LEVEL,
                        TaskOptions.SEED, TaskOptions.START, STATS, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia tasks traces countdown --count 1
                        $ glia tasks traces drills --count 100000 --format text -o drills.jsonl
                        $ glia tasks traces countdown --count 9999 --quality random,ordered -o traces.jsonl --stats""")
                .notes("A trace is a chain of thoughts in <think>…</think> with an answer, which may be wrong. Traces "
                        + "are a function of the seed, the split and the index. Train on the train split alone.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Path> file = TextFiles.output(OUTPUT, arguments);
        if (arguments.has(FORMAT) && file.isEmpty()) {
            throw new UsageException("--format needs --output, the file whose lines have it");
        }
        int count = arguments.get(COUNT).orElse(DEFAULT_COUNT);
        long start = arguments.get(TaskOptions.START).orElse(0L);
        String format = arguments.get(FORMAT).orElse("chat");
        if (arguments.required(0).equals(DRILLS)) {
            drills(file, count, start, format, arguments, console);
            return ExitCode.OK;
        }
        TraceSet traces = new TraceSet(TaskOptions.set(arguments.required(0), arguments), options(arguments));
        Split split = TaskOptions.split(arguments);
        TraceStatistics statistics = new TraceStatistics();
        boolean isShown = file.isEmpty() && !arguments.has(STATS) && !arguments.has(Json.OPTION);
        IntFunction<String> lines = i -> {
            Trace trace = traces.trace(split, start + i);
            statistics.add(trace);
            if (isShown) {
                console.out().println(trace.problem().prompt() + "\n" + trace.completion() + "\n");
            }
            return file.isPresent() ? JsonMapper.shared().writeValueAsString(document(trace, format))
                    : "";
        };
        if (file.isPresent()) {
            TextFiles.writeLines(file.get(), count, lines);
        } else {
            for (int i = 0; i < count; i++) {
                lines.apply(i);
            }
        }
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("task", traces.set().name());
            file.ifPresent(path -> document.put("file", path.toString()));
            document.putAll(TraceReport.document(statistics));
            Json.print(console, document);
            return ExitCode.OK;
        }
        if (file.isPresent()) {
            console.out().println("Wrote " + Units.counted(count, "trace") + " to " + file.get());
        }
        if (arguments.has(STATS)) {
            TraceReport.print(statistics, console);
        }
        return ExitCode.OK;
    }

    private static Map<String, Object> document(Trace trace, String format) {
        return switch (format) {
            case "text" -> trace.document();
            case "completion" -> trace.continuation();
            default -> trace.chat();
        };
    }

    private static TraceOptions options(Arguments arguments) {
        TraceOptions mixed = TraceOptions.MIXED;
        TraceOptions options = mixed.with(arguments.get(VERIFY).map(Float::doubleValue).orElse(mixed.verify()),
                arguments.get(SLIPS).map(Float::doubleValue).orElse(mixed.slips()),
                arguments.get(ATTEMPTS).orElse(mixed.attempts()));
        return arguments.has(QUALITY) ? options.withQuality(arguments.get(QUALITY).orElseThrow()) : options;
    }

    private static void drills(Optional<Path> file, int count, long start, String format,
            Arguments arguments, Console console) throws IOException {
        for (Option<?> option : List.of(QUALITY, VERIFY, SLIPS, ATTEMPTS, TaskOptions.SPLIT, STATS)) {
            if (arguments.has(option)) {
                throw new UsageException(option.name() + " has no effect on drills, whose results are all right");
            }
        }
        if (format.equals("completion")) {
            throw new UsageException("--format: drills are written as chat or text");
        }
        Drills drills = new Drills(level(arguments), arguments.get(TaskOptions.SEED).orElse(0L));
        if (file.isPresent()) {
            TextFiles.writeLines(file.get(), count, i -> JsonMapper.shared().writeValueAsString(
                    format.equals("text") ? drills.document(start + i) : drills.chat(start + i)));
            if (!arguments.has(Json.OPTION)) {
                console.out().println("Wrote " + Units.counted(count, "document") + " of " + Drills.LINES
                        + " calculations to " + file.get());
                return;
            }
        }
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("task", DRILLS);
            file.ifPresent(path -> document.put("file", path.toString()));
            document.put("count", count);
            document.put("calculations", (long) count * Drills.LINES);
            Json.print(console, document);
            return;
        }
        for (int i = 0; i < count; i++) {
            console.out().println(drills.document(start + i).get("text"));
        }
    }

    private static int level(Arguments arguments) {
        String level = arguments.get(TaskOptions.LEVEL).orElse("1");
        if (!level.matches("[1-9]")) {
            throw new UsageException("--level: '" + level + "' is not a level of drills: 1 to " + Drills.LEVELS);
        }
        return Integer.parseInt(level);
    }

    /// Statistics of traces as a table and as JSON.
    static final class TraceReport {
        private TraceReport() {}

        static void print(TraceStatistics statistics, Console console) {
            Table table = new Table("lrrrrrrrrr").head("strategy", "traces", "right", "verified", "mean attempts",
                    "mean length", "median", "90 %", "99 %", "longest");
            statistics.strategies().forEach((strategy, group) -> row(table, strategy.name().toLowerCase(Locale.ROOT),
                    group));
            row(table, "all", statistics.all());
            table.print(console);
            String alphabet = statistics.alphabet();
            console.printText("Lengths are in characters, prompts included. " + alphabet.codePointCount(0,
                    alphabet.length()) + " different characters: " + alphabet.replace("\n", "⏎").replace(" ", "␣"));
        }

        private static void row(Table table, String name, Group group) {
            table.row(name, group.count(), share(group.right(), group), share(group.verified(), group),
                    String.format(Locale.ROOT, "%.1f", group.meanAttempts()),
                    String.format(Locale.ROOT, "%.0f", group.meanLength()), group.length(0.5), group.length(0.9),
                    group.length(0.99), group.length(1));
        }

        private static String share(long part, Group group) {
            return String.format(Locale.ROOT, "%.1f %%", 100.0 * part / group.count());
        }

        static Map<String, Object> document(TraceStatistics statistics) {
            Map<String, Object> document = object(statistics.all());
            List<Map<String, Object>> strategies = new ArrayList<>();
            statistics.strategies().forEach((strategy, group) -> {
                Map<String, Object> object = new LinkedHashMap<>();
                object.put("strategy", strategy.name().toLowerCase(Locale.ROOT));
                object.putAll(object(group));
                strategies.add(object);
            });
            document.put("strategies", strategies);
            document.put("alphabet", statistics.alphabet());
            return document;
        }

        private static Map<String, Object> object(Group group) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("count", group.count());
            object.put("right", group.right());
            object.put("verified", group.verified());
            object.put("mean_attempts", group.meanAttempts());
            object.put("mean_length", group.meanLength());
            object.put("length_p50", group.length(0.5));
            object.put("length_p90", group.length(0.9));
            object.put("length_p99", group.length(0.99));
            object.put("length_max", group.length(1));
            return object;
        }
    }
}
