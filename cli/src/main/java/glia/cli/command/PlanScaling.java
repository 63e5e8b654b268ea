package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.io.Config;
import glia.model.cost.ParameterCount;
import glia.model.family.Families;
import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.scaling.ScalingLaw;
import glia.train.compare.LogChart;
import glia.train.compare.RunCurves;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Fits a scaling law to runs, and says which one to do next.
final class PlanScaling {
    private static final int TIMES = 400;
    private static final double[] COMPUTE = {1, 10, 100};

    private PlanScaling() { }

    /// @param files tables of runs, and folders of runs of `glia train`
    /// @param held the same of runs that are not fitted
    static int run(List<Path> files, List<Path> held, Optional<Path> chart, boolean json, Console console)
            throws IOException {
        List<ScalingLaw.Run> runs = read(files);
        List<ScalingLaw.Run> larger = read(held);
        ScalingLaw law = ScalingLaw.fit(runs);
        List<ScalingLaw> drawn = ScalingLaw.bootstrap(runs, law, TIMES, new SplittableRandom(1));
        double most = runs.stream().mapToDouble(ScalingLaw.Run::operations).max().orElseThrow();
        if (chart.isPresent()) {
            TextFiles.write(chart.get(), chart(law, runs, larger).svg());
            console.err().println("Wrote " + chart.get());
        }
        ScalingLaw.Run next = law.next(runs, drawn, COMPUTE[1] * most);
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("runs", runs.size());
            coefficients().forEach((name, get) -> document.put(name, Map.of("value", get.applyAsDouble(law), "low",
                    quantile(drawn, get, 0.1), "high", quantile(drawn, get, 0.9))));
            document.put("objective", law.objective());
            document.put("next", Map.of("parameters", next.parameters(), "tokens", next.tokens(), "loss",
                    next.loss()));
            document.put("held_out", larger.stream().map(r -> Map.of("parameters", r.parameters(), "tokens", r.tokens(),
                    "loss", r.loss(), "predicted", predicted(law, r), "low", quantile(drawn, l -> predicted(l, r),
                    0.1), "high", quantile(drawn, l -> predicted(l, r), 0.9))).toList());
            Json.print(console, document);
            return ExitCode.OK;
        }
        console.printText("L = E + A / N^alpha + B / D^beta, fitted to " + Units.counted(runs.size(), "run")
                + " (Huber loss of log L); 80 % intervals of " + TIMES + " bootstrap samples");
        Table table = new Table("lrrr").head("", "value", "from", "to");
        coefficients().forEach((name, get) -> table.row(name, number(get.applyAsDouble(law)),
                number(quantile(drawn, get, 0.1)), number(quantile(drawn, get, 0.9))));
        table.print(console);
        console.out().println();
        console.printText("The best use of compute, from the largest run on:");
        Table best = new Table("rrrr").head("FLOPs", "parameters", "tokens", "loss");
        for (double factor : COMPUTE) {
            double compute = factor * most;
            best.row(String.format(Locale.ROOT, "%.2e", compute), Units.count((long) law.parameters(compute)),
                    Units.count((long) law.tokens(compute)),
                    String.format(Locale.ROOT, "%.3f", law.loss(law.parameters(compute), law.tokens(compute))));
        }
        best.print(console);
        console.out().println();
        console.printText("The run to do next: " + Units.count((long) next.parameters()) + " parameters on "
                + Units.count((long) next.tokens()) + " tokens. For its compute, it makes the predicted loss of a run "
                + "of ten times the largest compute more certain than any other; a loss of " + number(next.loss())
                + " is predicted.");
        if (!larger.isEmpty()) {
            console.out().println();
            console.printText("Runs that were not fitted:");
            Table compared = new Table("rrrrrr").head("parameters", "tokens", "loss", "predicted", "from", "to");
            larger.forEach(r -> compared.row(Units.count((long) r.parameters()), Units.count((long) r.tokens()),
                    number(r.loss()), number(predicted(law, r)), number(quantile(drawn, l -> predicted(l, r), 0.1)),
                    number(quantile(drawn, l -> predicted(l, r), 0.9))));
            compared.print(console);
        }
        return ExitCode.OK;
    }

    private static List<ScalingLaw.Run> read(List<Path> files) throws IOException {
        List<ScalingLaw.Run> runs = new ArrayList<>();
        for (Path file : files) {
            if (Files.isDirectory(file)) {
                runs.add(ofFolder(file));
            } else {
                Tables.read(file, "loss").forEach(row -> runs.add(run(row)));
            }
        }
        return runs;
    }

    private static double predicted(ScalingLaw law, ScalingLaw.Run run) {
        return law.loss(run.parameters(), run.tokens());
    }

    /// Losses over tokens, with the law as a curve for each number of parameters.
    private static LogChart chart(ScalingLaw law, List<ScalingLaw.Run> runs, List<ScalingLaw.Run> larger) {
        double[] tokens = Stream.concat(runs.stream(), larger.stream()).mapToDouble(ScalingLaw.Run::tokens).sorted()
                .toArray();
        List<LogChart.Series> series = new ArrayList<>();
        for (List<ScalingLaw.Run> some : List.of(runs, larger)) {
            some.stream().collect(Collectors.groupingBy(ScalingLaw.Run::parameters, TreeMap::new,
                    Collectors.toList())).forEach((n, same) -> series.add(new LogChart.Series(
                    Units.count(n.longValue()) + (some == larger ? " parameters, held out" : " parameters"),
                    same.stream().map(r -> new double[] {r.tokens(), r.loss()}).toList(), Arrays.stream(tokens)
                    .distinct().mapToObj(d -> new double[] {d, law.loss(n, d)}).toList())));
        }
        return new LogChart("tokens", "validation loss, nats a token (lines: the fit)", series);
    }

    /// A run of `glia train`: all parameters of its model, its tokens, and the last validation loss.
    private static ScalingLaw.Run ofFolder(Path folder) throws IOException {
        RunCurves curves = RunCurves.read(folder);
        Map.Entry<Long, Double> loss = curves.values("loss/validation").lastEntry();
        if (loss == null) {
            throw new IOException(folder + ": has no validation loss; train with validate.every");
        }
        Path config = folder.resolve("model").resolve("config.json");
        if (!Files.exists(config)) {
            throw new IOException(config + ": is missing, expected the model of a run that has ended");
        }
        return new ScalingLaw.Run(ParameterCount.of(Families.spec(Config.read(config))).total(),
                curves.tokens(loss.getKey()), loss.getValue());
    }

    private static ScalingLaw.Run run(Row row) {
        double parameters = row.number("parameters").isPresent() ? row.required("parameters")
                : row.required("Model Size");
        double tokens = row.number("tokens").isPresent() ? row.required("tokens")
                : row.required("Training FLOP") / 6 / parameters;
        return new ScalingLaw.Run(parameters, tokens, row.required("loss"));
    }

    private static Map<String, ToDoubleFunction<ScalingLaw>> coefficients() {
        Map<String, ToDoubleFunction<ScalingLaw>> all = new LinkedHashMap<>();
        all.put("E", ScalingLaw::e);
        all.put("A", ScalingLaw::a);
        all.put("B", ScalingLaw::b);
        all.put("alpha", ScalingLaw::alpha);
        all.put("beta", ScalingLaw::beta);
        all.put("exponent of N in compute", ScalingLaw::exponent);
        return all;
    }

    private static double quantile(List<ScalingLaw> laws, ToDoubleFunction<ScalingLaw> get, double part) {
        double[] sorted = laws.stream().mapToDouble(get).sorted().toArray();
        return sorted[(int) Math.round(part * (sorted.length - 1))];
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.1f" : "%.4f", value);
    }
}
