package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.InterruptNotice;
import glia.cli.terminal.ProgressDisplay;
import glia.engine.LanguageModel;
import glia.engine.draft.Drafting;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.io.CheckpointException;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.kernels.KernelBackends;
import glia.model.adapter.AdaptedModel;
import glia.model.adapter.GgufAdapter;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// Locates and loads the model that a command line names.
final class Models {
    /// The word after the command; also the option `--model`.
    static final Positional MODEL = new Positional("MODEL", "Hugging Face folder, .gguf file, zip or wheel with one, "
            + "folder of an adapter, stories260K, reasoner, or hub name owner/name[@revision][:file]", true,
            Optional.of(Option.text("MODEL", "the same as MODEL", "--model", "-m").elsewhere("--model-path")));
    private static final String WHEN_INTERRUPTED = "run the same command again to continue the download";

    private Models() {}

    /// Locates or downloads a model and reports progress.
    interface Fetch {
        ModelLocation run(HubSettings settings, Progress progress) throws HubException;
    }

    /// The named model, or the default one.
    static ModelLocation locate(Optional<String> name, Arguments arguments, Console console) throws HubException {
        return fetch(arguments, console, (settings, progress) -> name.isPresent()
                ? new ModelLocator(settings).locate(name.get(), progress)
                : new DefaultModel(settings).choose(progress));
    }

    /// Loads a model. Shows progress after a second, and a note if a faster kernel backend is not available.
    static LanguageModel load(Path path, LoadOptions options, Arguments arguments, Console console)
            throws IOException {
        LanguageModel model = loadWithoutNote(path, options, arguments, console);
        note(model.kernels(), arguments, console);
        return model;
    }

    /// The options of a command that generates text, with speculative decoding.
    ///
    /// @param usual the word of [ComputeOptions#DRAFT] if none is given
    /// @throws IOException if a draft model is named and cannot be found
    static LoadOptions generating(Arguments arguments, String usual, Console console) throws IOException {
        Optional<Option<?>> alone = Stream.of(ComputeOptions.ATTENTION, ComputeOptions.CACHE_POLICY)
                .<Option<?>>map(option -> option).filter(arguments::has).findFirst();
        if (alone.isPresent() && !arguments.get(ComputeOptions.DRAFT).orElse("none").equals("none")) {
            throw new UsageException("--draft: speculative decoding is not possible with " + alone.get().name()
                    + ", whose results depend on passes of one token; leave one of them out");
        }
        Optional<Drafting> drafting = ComputeOptions.drafting(arguments, alone.isPresent() ? "none" : usual);
        return ComputeOptions.of(arguments, Precision.FAST).withDrafting(drafting.isPresent() ? drafting.get()
                : Drafting.ofModel(locate(arguments.get(ComputeOptions.DRAFT), arguments, console).path()));
    }

    /// Loads a model without the note about kernel backends.
    static LanguageModel loadWithoutNote(Path path, LoadOptions plain, Arguments arguments, Console console)
            throws IOException {
        return loadWithoutAdapter(path, arguments.has(ComputeOptions.ADAPTER)
                ? plain.withAdapter(adapter(arguments.get(ComputeOptions.ADAPTER).orElseThrow(), arguments, console))
                : plain, arguments, console);
    }

    /// Loads a second model, which the adapter of the command line does not belong to.
    static LanguageModel loadWithoutAdapter(Path path, LoadOptions options, Arguments arguments, Console console)
            throws IOException {
        try (ProgressDisplay progress = new ProgressDisplay(console)) {
            return LanguageModel.load(path, options, isQuiet(arguments, console) ? Progress.NONE : progress);
        }
    }

    /// Loads a second model by its name.
    static LanguageModel loadSecond(String name, LoadOptions options, Arguments arguments, Console console)
            throws IOException {
        return loadWithoutAdapter(locate(Optional.of(name), arguments, console).path(), options, arguments, console);
    }

    /// The files of the named model, or of the default one: those of a base and of an adapter if it is one.
    static AdaptedModel files(Optional<String> name, Arguments arguments, Console console) throws IOException {
        Path path = locate(name, arguments, console).path();
        try (ProgressDisplay progress = new ProgressDisplay(console)) {
            return AdaptedModel.of(path, isQuiet(arguments, console) ? Progress.NONE : progress);
        }
    }

    /// The folder of an adapter, downloaded if it is a name on the hub.
    ///
    /// @throws IOException if there is none
    static Path adapter(String name, Arguments arguments, Console console) throws IOException {
        Path folder = Path.of(name);
        if (Files.isDirectory(folder) || GgufAdapter.isOne(folder)) {
            return folder;
        }
        Path found = locate(Optional.of(name), arguments, console).path();
        return Files.isDirectory(found) || GgufAdapter.isOne(found) ? found : found.toAbsolutePath().getParent();
    }

    /// Loads a model without its tokenizer.
    static LoadedModel loadWithoutText(Path path, LoadOptions options, Arguments arguments, Console console)
            throws CheckpointException {
        try (ProgressDisplay progress = new ProgressDisplay(console)) {
            LoadedModel model =
                    LoadedModel.load(path, options, isQuiet(arguments, console) ? Progress.NONE : progress);
            note(model.kernels(), arguments, console);
            return model;
        }
    }

    private static void note(KernelBackends.Choice kernels, Arguments arguments, Console console) {
        if (!kernels.note().isEmpty() && !isQuiet(arguments, console)) {
            console.err().println("glia: " + kernels.note());
        }
    }

    private static boolean isQuiet(Arguments arguments, Console console) {
        return arguments.has(Json.OPTION) && !console.errIsTerminal();
    }

    /// Runs a fetch with a progress display, and a notice if Ctrl-C ends it. With `--json` and standard error not a
    /// terminal there is no progress.
    static ModelLocation fetch(Arguments arguments, Console console, Fetch fetch) throws HubException {
        try (var notice = new InterruptNotice(console, WHEN_INTERRUPTED);
                ProgressDisplay progress = new ProgressDisplay(console).arming(notice)) {
            return fetch.run(HubSettings.fromEnvironment(), isQuiet(arguments, console) ? Progress.NONE : progress);
        }
    }
}
