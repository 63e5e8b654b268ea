package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.ProgressDisplay;
import glia.cli.terminal.Units;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.hub.Progress;
import glia.model.adapter.AdaptedModel;
import glia.model.merge.MergeMethod.Linear;
import glia.model.merge.MergeMethod.Slerp;
import glia.model.merge.MergeMethod.Ties;
import glia.model.merge.MergeMethod;
import glia.model.merge.ModelMerge;
import glia.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Merges an adapter into its base model, or several models into one.
public final class MergeCommand implements Command {
    private enum Method { LINEAR, SLERP, TIES }

    private static final Option<String> OUT = Option.text("OUT", ".gguf file, or new or empty folder for the Hugging "
            + "Face layout", "--output", "-o").elsewhere("--outfile");
    private static final Option<String> ADAPTER = Option.text("DIR", "PEFT adapter of the one MODEL: a folder or a "
            + "name on the hub", "--adapter").elsewhere("--lora");
    private static final Option<Method> METHOD = Option.choice("METHOD", Method.class,
            "how several models are merged (default: linear)", "--method").elsewhere("--merge-method");
    private static final Option<String> WEIGHTS = Option.text("A,B", "weight of each model (default: equal)",
            "--weights").elsewhere("--weight");
    private static final Option<Double> DENSITY = Option.parsed("D", List.of(), MergeCommand::density,
            "ties: share of each tensor's differences that are kept (default: 0.2)", "--density");
    private static final Option<String> BASE = Option.text("MODEL", "ties: the base model of all MODELs", "--base")
            .elsewhere("--base-model");

    /// For [glia.cli.Cli].
    public MergeCommand() {}

    private static List<Double> weights(String word) {
        List<Double> weights = new ArrayList<>();
        for (String each : word.split(",", -1)) {
            try {
                weights.add(Double.parseDouble(each));
            } catch (NumberFormatException e) {
                throw new UsageException("--weights: '" + word + "' is not a list of numbers such as 0.7,0.3");
            }
        }
        return weights;
    }

    /// In F64, since the number of differences that are kept is rounded down.
    private static double density(String word) {
        try {
            double density = Double.parseDouble(word);
            if (density > 0 && density <= 1) {
                return density;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a number", e);
        }
        throw new IllegalArgumentException(word + " is not between 0 (exclusive) and 1");
    }

    @Override
    public String name() {
        return "merge";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Merge an adapter into its base, or several models into one",
                List.of(new Positional("MODEL", "folder of an adapter, which names its base, base model of --adapter, "
                        + "or the models to be merged", true)
                        .repeated()),
                List.of(OUT, ADAPTER, METHOD, WEIGHTS, DENSITY, BASE, ConvertCommand.TYPE, TextFiles.FORCE,
                        Json.OPTION))
                .examples("""
                        $ glia merge HuggingFaceTB/SmolLM2-135M-Instruct --adapter my-adapter -o merged
                        merged
                        $ glia merge model-a model-b --method slerp --weights 0.7,0.3 -o between
                        between""")
                .notes("slerp interpolates two models on a sphere, tensor by tensor; ties merges differences from "
                        + "--base. Names and shapes of all tensors must agree. Config and tokenizer are those of the "
                        + "first model, for ties of the base.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path out = Path.of(arguments.required(OUT));
        List<String> names = arguments.repeated();
        Optional<AdaptedModel> adapted = adapted(arguments, names, console);
        Optional<MergeMethod> method = Optional.empty();
        if (adapted.isEmpty()) {
            requireConsistent(arguments, names);
            method = Optional.of(method(arguments, names.size()));
        }
        if (ModelMerge.isGguf(out)) {
            TextFiles.checkWritable(out, arguments);
        }
        List<Path> models = new ArrayList<>();
        for (String name : adapted.isPresent() ? List.<String>of() : names) {
            models.add(plain(name, arguments, console));
        }
        boolean isQuiet = arguments.has(Json.OPTION) && !console.errIsTerminal();
        Optional<DType> type = arguments.get(ConvertCommand.TYPE);
        try (ProgressDisplay display = new ProgressDisplay(console)) {
            ModelMerge merge = new ModelMerge(out, type, isQuiet ? Progress.NONE : display,
                    arguments.has(TextFiles.FORCE) ? IfExists.REPLACE : IfExists.FAIL);
            if (method.isEmpty()) {
                merge.adapter(adapted.get().base(), adapted.get().adapter().orElseThrow());
            } else {
                Optional<Path> base = arguments.has(BASE)
                        ? Optional.of(plain(arguments.get(BASE).get(), arguments, console)) : Optional.empty();
                merge.models(models, base, method.get());
            }
        }
        report(out, arguments, console);
        return ExitCode.OK;
    }

    /// The base and the adapter that are merged: of `--adapter`, or of the one MODEL, which is an adapter.
    private static Optional<AdaptedModel> adapted(Arguments arguments, List<String> names, Console console)
            throws IOException {
        Optional<String> adapter = arguments.get(ADAPTER);
        if (adapter.isPresent() && names.size() != 1) {
            throw new UsageException("--adapter needs one MODEL, its base; there are " + names.size());
        }
        boolean isAlone = adapter.isEmpty() && names.size() == 1 && !arguments.has(METHOD);
        for (Option<?> other : List.of(METHOD, WEIGHTS, DENSITY, BASE)) {
            if (adapter.isPresent() && arguments.has(other)) {
                throw new UsageException(other.name() + " is for several models, not for --adapter");
            }
        }
        if (adapter.isEmpty()) {
            return isAlone ? Optional.of(Models.files(Optional.of(names.getFirst()), arguments, console))
                    .filter(files -> files.adapter().isPresent()) : Optional.empty();
        }
        Path base = plain(names.getFirst(), arguments, console);
        return Optional.of(new AdaptedModel(base, Optional.of(Models.adapter(adapter.get(), arguments, console))));
    }

    /// The files of a model that is no adapter.
    private static Path plain(String name, Arguments arguments, Console console) throws IOException {
        AdaptedModel files = Models.files(Optional.of(name), arguments, console);
        if (files.adapter().isPresent()) {
            throw new UsageException(name + " is an adapter, expected a model; merge it into its base first: glia "
                    + "merge " + name + " -o OUT");
        }
        return files.base();
    }

    private static void requireConsistent(Arguments arguments, List<String> names) {
        boolean isTies = arguments.get(METHOD).filter(m -> m == Method.TIES).isPresent();
        if (names.size() < 2 && !isTies) {
            throw new UsageException("one MODEL is no merge: give the folder of an adapter, --adapter, or "
                    + "several models");
        }
        if (isTies != arguments.has(BASE)) {
            throw new UsageException(isTies ? "--method ties needs the --base of the models"
                    : "--base is for --method ties");
        }
        if (!isTies && arguments.has(DENSITY)) {
            throw new UsageException("--density is for --method ties");
        }
    }

    private static MergeMethod method(Arguments arguments, int numModels) {
        List<Double> weights = arguments.get(WEIGHTS).map(MergeCommand::weights)
                .orElseGet(() -> Collections.nCopies(numModels, 1.0));
        if (weights.size() != numModels) {
            throw new UsageException("--weights has " + Units.counted(weights.size(), "number") + " for "
                    + Units.counted(numModels, "model"));
        }
        try {
            return switch (arguments.get(METHOD).orElse(Method.LINEAR)) {
                case LINEAR -> new Linear(weights);
                case SLERP -> new Slerp(weights);
                case TIES -> new Ties(weights, arguments.get(DENSITY).orElse(Ties.DENSITY));
            };
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static void report(Path out, Arguments arguments, Console console) throws IOException {
        long bytes = 0;
        for (Path file : Folders.files(out)) {
            bytes += Files.size(file);
        }
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
