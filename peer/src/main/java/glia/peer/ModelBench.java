package glia.peer;

import glia.engine.Bench;
import glia.engine.LoadOptions;
import glia.engine.LoadedModel;
import glia.io.hub.Progress;
import glia.tensor.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// Tokens a second of a model in Glia and in llama.cpp, one after the other, again and again, so that both meet the
/// same moods of the machine: medians, and the median of the ratios of neighbours.
public final class ModelBench {
    private static final int THREADS = 2;
    private static final List<String> WORK = List.of("prompt 512", "generate 64 1", "generate 64 16");
    private static final int WARM_UP = 2;
    /// Threads that wait for work spin for a while; they are to have stopped when the other side is measured.
    private static final int PAUSE_MILLIS = 30;

    private ModelBench() { }

    /// Prints the table.
    ///
    /// @param args the model, a GGUF file; the command of a Python that has llama-cpp-python; this module's llama.py;
    ///     rounds; then what to measure, each as llama.py reads it, by default a prompt of 512 tokens and 64 steps of 1
    ///     and of 16 streams
    public static void main(String[] args) throws Exception {
        if (args.length < 4) {
            System.err.println("usage: MODEL.gguf PYTHON llama.py ROUNDS ['prompt N' | 'generate STEPS STREAMS'] ...");
            System.exit(2);
        }
        List<String> work = args.length > 4 ? List.of(args).subList(4, args.length) : WORK;
        Path file = Path.of(args[0]);
        LoadOptions options = new LoadOptions(THREADS, 0, "auto", Precision.FAST, false);
        try (LoadedModel model = LoadedModel.load(file, options, Progress.NONE);
                Llama llama = new Llama(args[1], args[2], file, work)) {
            Bench bench = new Bench(model.engine());
            System.out.println(file.getFileName() + ", " + THREADS + " threads, kernels "
                    + model.engine().ops().kernels().name() + ", " + llama.name());
            System.out.println("| tokens a second, median (least, most) | Glia | llama.cpp | ratio |");
            System.out.println("|---|--:|--:|--:|");
            for (String what : work) {
                print(what, Integer.parseInt(args[3]), bench, llama);
            }
        }
    }

    private static void print(String what, int rounds, Bench bench, Llama llama) throws Exception {
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        double[] ratios = new double[rounds];
        for (int i = -WARM_UP; i < rounds; i++) {
            Thread.sleep(PAUSE_MILLIS);
            double our = rate(bench, what);
            Thread.sleep(PAUSE_MILLIS);
            double their = llama.rate(what);
            if (i >= 0) {
                ours[i] = our;
                theirs[i] = their;
                ratios[i] = our / their;
            }
        }
        System.out.printf(Locale.ROOT, "| %s | %s | %s | %s |%n", what, summary(ours, 1), summary(theirs, 1),
                summary(ratios, 2));
    }

    private static double rate(Bench bench, String what) {
        int[] numbers = numbers(what);
        return what.startsWith("prompt") ? bench.promptOnce(numbers[0]) : bench.generateOnce(numbers[0], numbers[1]);
    }

    private static int[] numbers(String what) {
        return Arrays.stream(what.split(" ")).skip(1).mapToInt(Integer::parseInt).toArray();
    }

    private static String summary(double[] values, int digits) {
        double[] sorted = DoubleStream.of(values).sorted().toArray();
        String format = "%." + digits + "f";
        return String.format(Locale.ROOT, format + " (" + format + ", " + format + ")", sorted[sorted.length / 2],
                sorted[0], sorted[sorted.length - 1]);
    }

    /// The other side, a process of its own.
    private static final class Llama implements AutoCloseable {
        private final Process process;
        private final PrintStream to;
        private final BufferedReader from;
        private final String name;

        Llama(String python, String script, Path model, List<String> work) throws IOException {
            int longest = 0;
            int streams = 1;
            for (String what : work) {
                int[] numbers = numbers(what);
                boolean isPrompt = what.startsWith("prompt");
                streams = Math.max(streams, isPrompt ? 1 : numbers[1]);
                longest = Math.max(longest, isPrompt ? numbers[0] : numbers[1] * (Bench.CONTEXT_TOKENS + numbers[0]));
            }
            process = new ProcessBuilder(python, script, model.toString(), "--threads",
                    "" + THREADS, "--longest", "" + longest, "--streams", "" + streams)
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            to = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
            from = process.inputReader(StandardCharsets.UTF_8);
            name = answer();
        }

        String name() {
            return name;
        }

        double rate(String what) throws IOException {
            to.println(what);
            return Double.parseDouble(answer());
        }

        private String answer() throws IOException {
            String line = from.readLine();
            if (line == null) {
                throw new IOException("llama.cpp ended; what it said stands above");
            }
            return line;
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
