package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.scaling.ScalingLaw;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/// Fits a scaling law to a table of runs.
final class PlanScaling {
    private static final int TIMES = 400;
    private static final double[] COMPUTE = {1, 10, 100};

    private PlanScaling() { }

    static int run(Path file, boolean json, Console console) throws IOException {
        List<ScalingLaw.Run> runs = Tables.read(file, "loss").stream().map(PlanScaling::run).toList();
        ScalingLaw law = ScalingLaw.fit(runs);
        List<ScalingLaw> drawn = ScalingLaw.bootstrap(runs, law, TIMES, new SplittableRandom(1));
        double most = runs.stream().mapToDouble(r -> 6 * r.parameters() * r.tokens()).max().orElseThrow();
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("runs", runs.size());
            coefficients().forEach((name, get) -> document.put(name, Map.of("value", get.applyAsDouble(law), "low",
                    quantile(drawn, get, 0.1), "high", quantile(drawn, get, 0.9))));
            document.put("objective", law.objective());
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
        Table next = new Table("rrrr").head("FLOPs", "parameters", "tokens", "loss");
        for (double factor : COMPUTE) {
            double compute = factor * most;
            next.row(String.format(Locale.ROOT, "%.2e", compute), Units.count((long) law.parameters(compute)),
                    Units.count((long) law.tokens(compute)),
                    String.format(Locale.ROOT, "%.3f", law.loss(law.parameters(compute), law.tokens(compute))));
        }
        next.print(console);
        return ExitCode.OK;
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
