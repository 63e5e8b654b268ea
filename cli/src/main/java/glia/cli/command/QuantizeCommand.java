package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.ProgressDisplay;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.Progress;
import glia.lab.LinearInputs;
import glia.lab.Perplexity;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdaptedModel;
import glia.model.write.GgufModelWriter;
import glia.model.write.ImportanceFile;
import glia.model.write.ImportanceMatrix;
import glia.model.write.MixedTypes;
import glia.model.write.QuantizationMix;
import glia.tensor.DType;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Writes a model as a GGUF file with quantized matrices.
public final class QuantizeCommand implements Command {
    private static final Option<String> OUT = Option.text("OUT", ".gguf file (default: MODEL-TYPE.gguf)", "--output",
            "-o").elsewhere("--outfile");
    private static final Option<String> IMATRIX = Option.text("FILE", "text in UTF-8 over which the mean squared input "
            + "of each column is measured and used as its weight, or an importance matrix of llama-imatrix in GGUF "
            + "form", "--imatrix");
    private static final Option<Integer> WINDOWS = Option.integer("N", 1, Integer.MAX_VALUE,
            "most windows of 512 tokens of the text of --imatrix (default: all)", "--windows").elsewhere("--chunks");
    /// Fewer tokens of a text get a warning: means of squared inputs over them are noisy.
    private static final int FEW_TOKENS = 4096;
    private static final Option<Boolean> REQUANTIZE = Option.flag("quantize a model that is quantized already, which "
            + "loses accuracy twice", "--requantize").elsewhere("--allow-requantize");

    /// For [glia.cli.Cli].
    public QuantizeCommand() {}

    @Override
    public String name() {
        return "quantize";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Quantize a model to a GGUF file",
                List.of(Models.MODEL, new Positional("TYPE", "type of matrices, such as q4_k_m, q5_k_m, q6_k, q8_0 or "
                        + "q4_0; an unknown one lists all", true)),
                List.of(OUT, IMATRIX, WINDOWS, REQUANTIZE, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia quantize SmolLM2-135M-Instruct q4_k_m -o smollm2.gguf
                        smollm2.gguf
                        $ glia quantize SmolLM2-135M-Instruct q3_k_m --imatrix text.txt -o smollm2-q3.gguf
                        smollm2-q3.gguf""")
                .notes("Types and the choice of larger types for some tensors are llama.cpp's. Rows that are not a "
                        + "multiple of 256 get a type with blocks of 32: q4_0 for q2_k and q3_k, q5_0 for q4_k, q5_1 "
                        + "for q5_k, q8_0 for q6_k. The result does not depend on the number of threads.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        QuantizationMix mix;
        MixedTypes types;
        try {
            mix = QuantizationMix.of(arguments.required(1));
            types = new MixedTypes(mix, arguments.has(IMATRIX));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
        AdaptedModel files = Models.files(Optional.of(arguments.required(0)), arguments, console);
        if (files.adapter().isPresent()) {
            throw new UsageException(files.adapter().get() + " is an adapter, expected a model; merge it into its base "
                    + "first: glia merge " + files.adapter().get() + " -o OUT");
        }
        Path path = files.base();
        Path out = arguments.get(OUT).map(Path::of).orElseGet(() -> otherwise(path, mix));
        if (!out.toString().toLowerCase(Locale.ROOT).endsWith(".gguf")) {
            throw new UsageException(out + ": expected a name that ends with .gguf");
        }
        TextFiles.checkWritable(out, arguments);
        boolean isQuiet = arguments.has(Json.OPTION) && !console.errIsTerminal();
        ImportanceMatrix importance = importance(path, arguments, console);
        try (ProgressDisplay display = new ProgressDisplay(console); Model model = ModelLoader.load(path)) {
            requirePlain(model, path, arguments);
            GgufModelWriter.write(model, model.weights(), out, Optional.of(types), importance,
                    isQuiet ? Progress.NONE : display,
                    arguments.has(TextFiles.FORCE) ? IfExists.REPLACE : IfExists.FAIL);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(path, "", "cannot be quantized: " + e.getMessage(), e);
        }
        report(out, types, arguments, console);
        return ExitCode.OK;
    }

    /// The name of the model with the type, in the current folder.
    private static Path otherwise(Path model, QuantizationMix mix) {
        String name = model.toAbsolutePath().normalize().getFileName().toString().replaceFirst("(?i)\\.gguf$", "");
        return Path.of(name + "-" + mix.name() + ".gguf");
    }

    private static void requirePlain(Model model, Path path, Arguments arguments) throws CheckpointException {
        boolean isPacked = !model.tensors().packed().isEmpty();
        for (String name : isPacked ? List.<String>of() : model.checkpoint().names()) {
            isPacked |= model.checkpoint().tensor(name).dtype().isBlock();
        }
        if (isPacked && !arguments.has(REQUANTIZE)) {
            throw new CheckpointException(path, "", "is quantized already; take the model in F16, BF16 or F32, or give "
                    + REQUANTIZE.name());
        }
    }

    private static ImportanceMatrix importance(Path model, Arguments arguments, Console console) throws IOException {
        if (!arguments.has(IMATRIX)) {
            return ImportanceMatrix.NONE;
        }
        Path file = Path.of(arguments.get(IMATRIX).orElseThrow());
        if (ImportanceFile.isGguf(file)) {
            return ImportanceFile.read(file);
        }
        String text = TextFiles.read(file);
        try (LanguageModel loaded = Models.load(model, ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            int[] tokens = loaded.tokenizer().encode(text, true);
            warnOfFewTokens(file, Math.min(tokens.length, (long) Perplexity.WINDOW_TOKENS
                    * arguments.get(WINDOWS).orElse(Integer.MAX_VALUE)), console);
            int bos = loaded.tokenizer().addsBos() ? loaded.tokenizer().bos().orElseThrow() : -1;
            return LinearInputs.of(loaded.engine(), tokens, bos, arguments.get(WINDOWS).orElse(0), (done, total) -> {
                if (console.errIsTerminal()) {
                    console.clearProgress();
                    console.err().printf(Locale.ROOT, "importance matrix: %d of %d windows", done, total);
                    console.err().flush();
                }
            });
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } finally {
            if (console.errIsTerminal()) {
                console.clearProgress();
            }
        }
    }

    private static void warnOfFewTokens(Path file, long count, Console console) {
        if (count > 0 && count < FEW_TOKENS) {
            console.err().println("glia: " + file + ": the importance matrix is measured over "
                    + Units.counted(count, "token") + " only, which may weight errors worse than none; give a "
                    + "text of " + FEW_TOKENS + " tokens or more");
        }
    }

    private static void report(Path out, MixedTypes types, Arguments arguments, Console console) throws IOException {
        Map<DType, Integer> counts = new TreeMap<>();
        long numbers = 0;
        try (GgufCheckpoint written = GgufCheckpoint.open(out)) {
            for (String name : written.names()) {
                counts.merge(written.tensor(name).dtype(), 1, Integer::sum);
                numbers += written.tensor(name).size();
            }
        }
        long bytes = Files.size(out);
        double bits = 8.0 * bytes / numbers;
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("path", out.toString());
            document.put("bytes", bytes);
            document.put("bits_per_weight", bits);
            Map<String, Object> tensors = new LinkedHashMap<>();
            counts.forEach((type, count) -> tensors.put(type.name(), count));
            document.put("tensors", tensors);
            document.put("fallbacks", types.fallbacks().size());
            Json.print(console, document);
            return;
        }
        Map<DType, Integer> fallbacks = new TreeMap<>();
        types.fallbacks().values().forEach(type -> fallbacks.merge(type, 1, Integer::sum));
        fallbacks.forEach((type, count) -> console.err().println(Units.counted(count, "tensor") + " with rows that do "
                + "not fill the type's blocks: " + type));
        console.err().printf(Locale.ROOT, "Wrote %s, %.2f bits per weight: %s%n", Units.bytes(bytes), bits, counts);
        console.out().println(out);
    }
}
