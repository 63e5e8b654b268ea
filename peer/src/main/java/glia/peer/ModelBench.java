package glia.peer;

import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.io.hub.Progress;
import glia.lab.Bench;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Tokens a second of a model in Glia and in llama.cpp, one after the other, again and again, so that both meet the
/// same moods of the machine: medians, and the median of the ratios of neighbors.
public final class ModelBench {
    private static final int THREADS = 2;
    private static final List<String> WORK = List.of("prompt 512", "generate 64 1", "generate 64 16");

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
        LoadOptions options = new LoadOptions(THREADS, 0, "auto", Precision.FAST);
        try (LoadedModel model = LoadedModel.load(file, options, Progress.NONE);
                PythonPeer llama = llama(args[1], args[2], file, work)) {
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

    private static void print(String what, int rounds, Bench bench, PythonPeer llama) throws Exception {
        PythonPeer.Turns turns = llama.turns(rounds, () -> rate(bench, what), what);
        System.out.printf(Locale.ROOT, "| %s | %s | %s | %s |%n", what, PythonPeer.summary(turns.ours(), 1),
                PythonPeer.summary(turns.theirs(), 1), PythonPeer.summary(turns.ratios(), 2));
    }

    private static double rate(Bench bench, String what) {
        int[] numbers = PythonPeer.numbers(what);
        return what.startsWith("prompt") ? bench.promptOnce(numbers[0]) : bench.generateOnce(numbers[0], numbers[1]);
    }

    private static PythonPeer llama(String python, String script, Path model, List<String> work) throws IOException {
        int longest = 0;
        int streams = 1;
        for (String what : work) {
            int[] numbers = PythonPeer.numbers(what);
            boolean isPrompt = what.startsWith("prompt");
            streams = Math.max(streams, isPrompt ? 1 : numbers[1]);
            longest = Math.max(longest, isPrompt ? numbers[0] : numbers[1] * (Bench.CONTEXT_TOKENS + numbers[0]));
        }
        return new PythonPeer(List.of(python, script, model.toString(), "--threads", "" + THREADS,
                "--longest", "" + longest, "--streams", "" + streams));
    }
}
