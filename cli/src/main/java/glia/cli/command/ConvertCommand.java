package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.ProgressDisplay;
import glia.cli.terminal.Units;
import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdaptedModel;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.Adapters;
import glia.model.adapter.GgufAdapter;
import glia.model.merge.ModelMerge;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Writes a model as a GGUF file or as a folder in the hub's layout.
public final class ConvertCommand implements Command {
    private static final Option<String> OUT = Option.text("OUT", ".gguf file, or new or empty folder for the Hugging "
            + "Face layout", "--output", "-o").elsewhere("--outfile");
    private static final List<String> TYPES = List.of("f32", "f16", "bf16", "q8_0", "q6_k", "q5_1", "q5_0", "q4_k",
            "q4_1", "q4_0", "mxfp4");
    /// For `merge`, too.
    static final Option<DType> TYPE = Option.parsed("TYPE", TYPES, ConvertCommand::type, "number format of "
            + "matrices, for a folder f32, f16 or bf16; vectors in GGUF are f32 (default: unchanged, or f32 if the "
            + "format has no such type)", "--type").elsewhere("--outtype", "--dtype");
    private static final Option<Boolean> UNMERGED = Option.flag("write an adapter as a GGUF adapter, without its base",
            "--unmerged");

    /// For [glia.cli.Cli].
    public ConvertCommand() {}

    /// A type in upper or lower case, its parts joined by `_` or `-`.
    private static DType type(String word) {
        String name = word.toLowerCase(Locale.ROOT).replace('-', '_');
        if (!TYPES.contains(name)) {
            throw new IllegalArgumentException("'" + word + "' is not one of " + String.join(", ", TYPES));
        }
        return DType.valueOf(name.toUpperCase(Locale.ROOT));
    }

    @Override
    public String name() {
        return "convert";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Convert a model to GGUF or to the Hugging Face layout", List.of(Models.MODEL),
                List.of(OUT, TYPE, UNMERGED, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia convert HuggingFaceTB/SmolLM2-135M-Instruct -o smollm2.gguf --type q8_0
                        smollm2.gguf""")
                .notes("The folder of an adapter is merged into its base, or with --unmerged written as a GGUF adapter "
                        + "(OUT ends in .gguf), which --adapter reads. The tokenizer, the chat template, the "
                        + "sampling settings and the pooling of embedding models are written too. If the other format "
                        + "has no key for a part of the model, the error names it and nothing is written.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path out = Path.of(arguments.required(OUT));
        if (isGguf(out)) {
            TextFiles.checkWritable(out, arguments);
        }
        Optional<DType> type = arguments.get(TYPE);
        IfExists ifExists = arguments.has(TextFiles.FORCE) ? IfExists.REPLACE : IfExists.FAIL;
        AdaptedModel files = Models.files(Optional.of(arguments.required(0)), arguments, console);
        boolean isQuiet = arguments.has(Json.OPTION) && !console.errIsTerminal();
        try (ProgressDisplay display = new ProgressDisplay(console)) {
            Progress progress = isQuiet ? Progress.NONE : display;
            if (arguments.has(UNMERGED)) {
                if (files.adapter().isEmpty() || !isGguf(out) || type.isPresent()) {
                    throw new UsageException(UNMERGED.name() + " writes the folder of an adapter as a GGUF file, in "
                            + "F32");
                }
                writeAdapter(files.base(), files.adapter().get(), out, ifExists);
            } else if (files.adapter().isPresent()) {
                new ModelMerge(out, type, progress, ifExists).adapter(files.base(), files.adapter().get());
            } else {
                write(files.base(), out, type, progress, ifExists, console);
            }
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(files.base(), "", "cannot be converted: " + e.getMessage(), e);
        }
        report(out, sizeBytes(out), arguments, console);
        return ExitCode.OK;
    }

    private static void writeAdapter(Path base, Path folder, Path out, IfExists ifExists) throws CheckpointException {
        try (Adapters adapters = AdapterHead.load(base, folder); Model _ = adapters.base()) {
            GgufAdapter.write(adapters, out, ifExists);
        }
    }

    private static void write(Path path, Path out, Optional<DType> type, Progress progress, IfExists ifExists,
            Console console) throws CheckpointException {
        try (Model model = load(path, out, type)) {
            if (isGguf(out)) {
                GgufModelWriter.leftOut(model).forEach(tower -> console.err().println("left out, since mmproj files "
                        + "have no form for it: the encoder " + tower));
                GgufModelWriter.write(model, model.weights(), out, type, progress, ifExists);
            } else {
                ModelWriter.write(model, model.weights(), out, type, ifExists);
            }
        }
    }

    /// Loads the model; with its weights in memory where quantized ones of a folder get another type in a folder.
    private static Model load(Path path, Path out, Optional<DType> type) throws CheckpointException {
        Model model = ModelLoader.load(path);
        if (type.isEmpty() || isGguf(out) || model.tensors().packed().isEmpty()) {
            return model;
        }
        model.close();
        return ModelLoader.load(path, parameter -> true);
    }

    private static boolean isGguf(Path out) {
        return out.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    private static long sizeBytes(Path out) throws IOException {
        long bytes = 0;
        for (Path file : Folders.files(out)) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private static void report(Path out, long bytes, Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("path", out.toString());
            document.put("bytes", bytes);
            Json.print(console, document);
        } else {
            console.err().println("Wrote " + Units.bytes(bytes));
            console.out().println(out);
        }
    }
}
