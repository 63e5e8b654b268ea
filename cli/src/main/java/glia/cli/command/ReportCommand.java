package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.io.file.HomeFolder;
import glia.train.compare.Estimate;
import glia.train.compare.LogChart;
import glia.train.compare.RunChart;
import glia.train.compare.RunCurves;
import glia.train.compare.RunGroup;
import glia.train.compare.RunGroup.Axis;
import glia.train.compare.RunGroup.Change;
import glia.train.compare.RunGroup.Labelled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/// Compares training runs: curves over one another and a table of what changed.
public final class ReportCommand implements Command {
    private static final Option<String> FIGURE = Option.text("NAME",
            "figure to compare, such as loss/validation; may be given several times (default: accuracy/held_out and "
                    + "response_length/mean, or the losses)", "--figure").formerly("-f").repeated();
    private static final Option<Axis> X = Option.choice("AXIS", Axis.class,
            "horizontal axis: step or tokens, generated ones of reinforcement learning (default: step)", "--x");
    private static final Option<Double> UNTIL = Option.parsed("X", List.of(), ReportCommand::count,
            "largest step or number of tokens, to compare at equal cost (default: all)", "--until");
    private static final Option<String> OVER = Option.text("KEY", "show the last values of a figure over a setting of "
            + "the recipes, such as optimizer.learning_rate, on a logarithmic axis", "--over");
    private static final Option<String> OUTPUT = Option.text("FILE", "write a chart: .svg, or .html with the table",
            "--output", "-o");
    private static final List<String> LEARNING = List.of("accuracy/held_out", "response_length/mean");
    private static final List<String> LOSSES = List.of("loss/train", "loss/validation");
    private static final String NOTE = "Runs whose recipes differ in the random seed only, or that have one label, are "
            + "a group: mean with Student's t interval over the runs. A single run has the intervals that it measured "
            + "itself, Wilson's of held-out accuracies, and Newcombe's interval of their difference. All with 95 % "
            + "confidence.";

    /// For [glia.cli.Cli].
    public ReportCommand() {}

    private static double count(String word) {
        try {
            double value = Double.parseDouble(word);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a number", e);
        }
        throw new IllegalArgumentException(word + " is not a number from 0 on");
    }

    @Override
    public String name() {
        return "report";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Compare training runs by charts and tables",
                List.of(new Positional("RUN", "folder of a run, or LABEL=FOLDER", true).repeated()),
                List.of(FIGURE, X, UNTIL, OVER, OUTPUT, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia report runs/grpo-1 runs/grpo-2 runs/grpo-3 runs/control-1 -o chart.html
                        $ glia report dapo=runs/a dapo=runs/b grpo=runs/c --x tokens --until 2e6 -o chart.svg
                        $ glia report runs/transfer/* --over optimizer.learning_rate -o chart.svg""")
                .notes(NOTE);
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        List<Labelled> runs = new ArrayList<>();
        for (String word : arguments.repeated()) {
            runs.add(read(word));
        }
        if (arguments.has(OVER)) {
            return over(arguments.required(OVER), runs, arguments, console);
        }
        List<RunGroup> groups = RunGroup.of(runs);
        Axis axis = arguments.get(X).orElse(Axis.STEP);
        double until = arguments.get(UNTIL).orElse(Double.POSITIVE_INFINITY);
        List<String> figures = figures(arguments, runs);
        if (axis == Axis.TOKENS && groups.stream().map(RunGroup::generates).distinct().count() > 1) {
            throw new UsageException("--x tokens: some runs generate tokens and others are trained on texts; compare "
                    + "them by --x step");
        }
        RunChart chart = new RunChart(groups, figures, axis, until);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("run", "figure", "first", "last", "difference", "step", "tokens"));
        List<Object> documents = new ArrayList<>();
        for (RunGroup group : groups) {
            for (String figure : figures) {
                Change change;
                try {
                    change = group.change(figure, axis, until);
                } catch (IllegalArgumentException e) {
                    throw new UsageException(e.getMessage(), e);
                }
                rows.add(cells(group, figure, change));
                documents.add(document(group, figure, change));
            }
        }
        if (arguments.has(OUTPUT)) {
            write(Path.of(arguments.required(OUTPUT)), chart.svg(), rows, arguments);
        }
        print(rows, documents, "Llrrrrr", arguments, console);
        return ExitCode.OK;
    }

    private static int over(String key, List<Labelled> runs, Arguments arguments, Console console)
            throws IOException {
        String figure = arguments.get(FIGURE).orElse(LOSSES.getLast());
        LogChart chart;
        try {
            chart = LogChart.over(key, figure, runs.stream().map(Labelled::run).toList());
        } catch (IllegalArgumentException e) {
            throw new UsageException("--over: " + e.getMessage(), e);
        }
        List<List<String>> rows = new ArrayList<>(List.of(List.of("run", key, figure)));
        List<Object> documents = new ArrayList<>();
        chart.series().forEach(s -> s.points().forEach(p -> {
            rows.add(List.of(s.label(), String.format(Locale.ROOT, "%.4g", p[0]), RunChart.shown(figure,
                    Estimate.of(p[1]))));
            documents.add(Map.of("run", s.label(), key, p[0], figure, p[1]));
        }));
        if (arguments.has(OUTPUT)) {
            write(Path.of(arguments.required(OUTPUT)), chart.svg(), rows, arguments);
        }
        print(rows, documents, "Lrr", arguments, console);
        return ExitCode.OK;
    }

    private static void print(List<List<String>> rows, List<Object> documents, String columns, Arguments arguments,
            Console console) {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("runs", documents));
            return;
        }
        Table table = new Table(columns).head(rows.getFirst().toArray());
        rows.subList(1, rows.size()).forEach(row -> table.row(row.toArray()));
        table.print(console);
    }

    private static Labelled read(String word) throws IOException {
        int equals = word.indexOf('=');
        boolean hasLabel = equals > 0 && !Files.exists(HomeFolder.path(word));
        return new Labelled(hasLabel ? word.substring(0, equals) : "",
                RunCurves.read(HomeFolder.path(hasLabel ? word.substring(equals + 1) : word)));
    }

    /// Those that the command line names, which some run must have, or those that most readers want.
    private static List<String> figures(Arguments arguments, List<Labelled> runs) {
        List<String> named = arguments.all(FIGURE);
        TreeSet<String> known = new TreeSet<>();
        runs.forEach(r -> known.addAll(r.run().figures()));
        for (String figure : named) {
            if (!known.contains(figure)) {
                throw new UsageException("--figure: there is no " + figure + "; the runs have "
                        + String.join(", ", known));
            }
        }
        if (!named.isEmpty()) {
            return named;
        }
        for (List<String> usual : List.of(LEARNING, LOSSES)) {
            List<String> common = usual.stream().filter(f -> runs.stream().allMatch(r -> r.run().figures()
                    .contains(f))).toList();
            if (!common.isEmpty()) {
                return common;
            }
        }
        throw new UsageException("--figure is missing: the runs have no figure in common that is shown by default; "
                + "they have " + String.join(", ", known));
    }

    private static void write(Path file, String svg, List<List<String>> rows, Arguments arguments)
            throws IOException {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (!name.endsWith(".svg") && !name.endsWith(".html")) {
            throw new UsageException("--output: " + file + " ends neither with .svg nor with .html");
        }
        TextFiles.checkWritable(file, arguments);
        TextFiles.write(file, name.endsWith(".svg") ? svg
                : ChartPage.html("Training runs", svg, rows, NOTE));
    }

    private static List<String> cells(RunGroup group, String figure, Change change) {
        return List.of(group.title(), figure, RunChart.shown(figure, change.first()),
                RunChart.shown(figure, change.last()), RunChart.shown(figure, change.difference()),
                Long.toString(change.step()), String.format(Locale.ROOT, "%,.0f", change.tokens()));
    }

    private static Map<String, Object> document(RunGroup group, String figure, Change change) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("run", group.label());
        document.put("runs", group.runs().stream().map(RunCurves::name).toList());
        document.put("figure", figure);
        put(document, "first", change.first());
        put(document, "last", change.last());
        put(document, "difference", change.difference());
        document.put("step", change.step());
        document.put("tokens", change.tokens());
        return document;
    }

    private static void put(Map<String, Object> document, String name, Estimate estimate) {
        document.put(name, estimate.value());
        if (estimate.hasInterval()) {
            document.put(name + "_low", estimate.low());
            document.put(name + "_high", estimate.high());
        }
    }
}
