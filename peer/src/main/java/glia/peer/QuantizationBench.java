package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.Progress;
import glia.lab.Perplexity;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.model.write.ImportanceMatrix;
import glia.model.write.MixedTypes;
import glia.model.write.QuantizationMix;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The perplexity of a text under a model after Glia's quantization and after llama.cpp's, of the same F16 file and
/// computed by the same engine with exact arithmetic.
public final class QuantizationBench {
    private static final List<String> TYPES = List.of("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M", "Q2_K");

    private QuantizationBench() { }

    /// Prints a table.
    ///
    /// @param args the model, a GGUF file in F16; a text; the most windows; llama.cpp's `llama-quantize`; a folder for
    ///     the files; then the types, by default seven
    public static void main(String[] args) throws Exception {
        if (args.length < 5) {
            System.err.println("usage: MODEL-F16.gguf TEXT WINDOWS llama-quantize FOLDER [TYPE...]");
            System.exit(2);
        }
        Path model = Path.of(args[0]);
        String text = Files.readString(Path.of(args[1]));
        int windows = Integer.parseInt(args[2]);
        Path folder = Path.of(args[4]);
        System.out.printf(Locale.ROOT, "perplexity of the F16 file: %.4f%n", perplexity(model, text, windows));
        System.out.println("| type | bytes | tensors with the same bytes | Glia | llama.cpp | difference |");
        System.out.println("|---|--:|--:|--:|--:|--:|");
        for (String type : args.length > 5 ? List.of(args).subList(5, args.length) : TYPES) {
            Path ours = folder.resolve("glia-" + type + ".gguf");
            Path theirs = folder.resolve("llama-" + type + ".gguf");
            quantize(model, ours, QuantizationMix.of(type));
            run(List.of(args[3], model.toString(), theirs.toString(), type));
            int[] same = same(ours, theirs);
            double here = perplexity(ours, text, windows);
            double there = same[0] == same[1] ? here : perplexity(theirs, text, windows);
            System.out.printf(Locale.ROOT, "| %s | %d | %d of %d | %.4f | %.4f | %+.2f %% |%n", type, Files.size(ours),
                    same[0], same[1], here, there, 100 * (here / there - 1));
        }
    }

    private static void quantize(Path from, Path to, QuantizationMix mix) throws IOException {
        try (Model model = ModelLoader.load(from)) {
            GgufModelWriter.write(model, model.weights(), to, Optional.of(new MixedTypes(mix, false)),
                    ImportanceMatrix.NONE, Progress.NONE, IfExists.REPLACE);
        }
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed with " + process.exitValue());
        }
    }

    /// The number of tensors with the same type and bytes, and of all.
    private static int[] same(Path ours, Path theirs) throws IOException {
        try (GgufCheckpoint a = GgufCheckpoint.open(ours); GgufCheckpoint b = GgufCheckpoint.open(theirs)) {
            int same = 0;
            for (String name : a.names()) {
                same += a.tensor(name).dtype() == b.tensor(name).dtype()
                        && a.tensor(name).memory().mismatch(b.tensor(name).memory()) == -1 ? 1 : 0;
            }
            return new int[] {same, a.names().size()};
        }
    }

    private static double perplexity(Path file, String text, int windows) throws IOException {
        try (LanguageModel model = LanguageModel.load(file,
                LoadOptions.defaults().withPrecision(Precision.EXACT))) {
            int[] tokens = model.tokenizer().encode(text, true);
            int bos = model.tokenizer().addsBos() ? model.tokenizer().bos().orElseThrow() : -1;
            return Perplexity.of(model.engine(), tokens, bos, windows, (done, total, soFar) -> { });
        }
    }
}
