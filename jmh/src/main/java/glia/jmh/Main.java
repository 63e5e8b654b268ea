package glia.jmh;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import tools.jackson.databind.json.JsonMapper;

/// Runs kernel benchmarks and prints a table of their rates, each as a share of the machine's limit.
///
///     Main [BENCHMARK...] [--kernels vector,scalar] [--types Q8_0,Q4_K] [--json FILE]
public final class Main {
    static final String USAGE = "usage: [BENCHMARK...] [--kernels NAME,...] [--types TYPE,...] [--json FILE]\n"
            + "benchmarks: " + String.join(" ", BenchmarkRun.ALL.stream().map(BenchmarkRun::name).distinct().toList());

    /// The parsed command line.
    ///
    /// @param json the output file, or null
    record Request(List<BenchmarkRun> steps, Path json) {
        /// @throws IllegalArgumentException if the arguments are invalid; the message says why
        static Request parse(String... words) {
            List<String> names = new ArrayList<>();
            List<String> kernels = List.of("vector");
            List<String> types = List.of();
            Path json = null;
            for (int i = 0; i < words.length; i++) {
                if (!words[i].startsWith("-")) {
                    names.add(words[i]);
                    continue;
                }
                if (i + 1 == words.length) {
                    throw new IllegalArgumentException("nothing follows " + words[i] + ", which needs a value");
                }
                String value = words[++i];
                switch (words[i - 1]) {
                    case "--kernels" -> kernels = List.of(value.split(","));
                    case "--types" -> types = List.of(value.toUpperCase(Locale.ROOT).split(","));
                    case "--json" -> json = Path.of(value);
                    default -> throw new IllegalArgumentException("unknown option " + words[i - 1]);
                }
            }
            List<BenchmarkRun> steps = new ArrayList<>();
            for (BenchmarkRun step : BenchmarkRun.named(names)) {
                boolean typed = step.benchmark() == MatVec.class || step.benchmark() == Prefill.class
                        || step.benchmark() == BatchedDecode.class;
                BenchmarkRun chosen = types.isEmpty() || !typed ? step : step.with("type", types);
                boolean limits = step.benchmark() == Limits.class;
                steps.add(limits ? chosen : chosen.with("kernels", kernels));
            }
            return new Request(steps, json);
        }
    }

    private Main() { }

    /// @param args see the class
    public static void main(String[] args) throws IOException {
        try {
            if (List.of(args).contains("--help")) {
                System.out.println(USAGE);
            } else {
                run(Request.parse(args), System.out);
            }
        } catch (IllegalArgumentException | RunnerException e) {
            System.err.println(e.getMessage() + "\n" + (e instanceof RunnerException ? "" : USAGE));
            System.exit(1);
        }
    }

    private static void run(Request request, PrintStream out) throws RunnerException, IOException {
        Table table = new Table();
        out.println(Table.Machine.describe() + "\n\n" + Table.header());
        for (BenchmarkRun step : request.steps()) {
            for (Measurement figure : measure(step, new OptionsBuilder(), System.err)) {
                out.println(table.add(figure));
            }
        }
        if (request.json() != null) {
            Files.writeString(request.json(),
                    JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(table.document()) + "\n");
        }
    }

    /// Runs all combinations of a benchmark's parameters.
    ///
    /// @param options overrides of the benchmarks' annotations
    /// @param progressOut gets a line for each combination
    /// @throws RunnerException if one fails; the message contains its output
    static List<Measurement> measure(BenchmarkRun step, ChainedOptionsBuilder options, PrintStream progressOut)
            throws RunnerException {
        options.include("^" + Pattern.quote(step.benchmark().getName()) + "\\.").shouldFailOnError(true);
        step.parameters().forEach((name, values) -> options.param(name, values.toArray(String[]::new)));
        Progress progress = new Progress(progressOut);
        Collection<RunResult> results;
        try {
            results = new Runner(options.build(), progress).run();
        } catch (RunnerException e) {
            throw new RunnerException(step.name() + " failed: " + progress.output(), e);
        }
        return results.stream().map(Measurement::of).toList();
    }
}
