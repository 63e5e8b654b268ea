package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.terminal.Console;
import glia.cli.terminal.InterruptNotice;
import glia.cli.terminal.ProgressDisplay;
import glia.engine.LanguageModel;
import glia.engine.LoadOptions;
import glia.engine.LoadedModel;
import glia.io.CheckpointException;
import glia.io.hub.Choice;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.kernels.KernelBackends;
import java.nio.file.Path;
import java.util.Optional;

/// Finds the model that a command line names, and fetches it where that is needed.
final class Models {
    static final Positional MODEL = new Positional("MODEL", "a folder in the Hugging Face layout, a .gguf file, "
            + "a zip or wheel that holds one, stories260K, or a name on the hub: owner/name[@revision][:file]", true);
    private static final String WHEN_INTERRUPTED = "run the same command again to go on";

    private Models() {}

    /// Something that finds or fetches a model and tells how far it is.
    interface Fetch {
        Choice run(HubSettings settings, Progress progress) throws HubException;
    }

    /// The model that was named, or the default one.
    static Choice locate(Optional<String> name, Arguments arguments, Console console) throws HubException {
        return fetch(arguments, console, (settings, progress) -> name.isPresent()
                ? new ModelLocator(settings).locate(name.get(), progress)
                : new DefaultModel(settings).choose(progress));
    }

    /// Loads a model, shows how far it is where that takes more than a second, and says so where its kernels are slow.
    static LanguageModel load(Path path, LoadOptions options, Arguments arguments, Console console)
            throws CheckpointException {
        LanguageModel model = loadWithoutNote(path, options, arguments, console);
        note(model.kernels(), arguments, console);
        return model;
    }

    /// The same for those who show the note about kernels themselves.
    static LanguageModel loadWithoutNote(Path path, LoadOptions options, Arguments arguments, Console console)
            throws CheckpointException {
        try (ProgressDisplay progress = new ProgressDisplay(console)) {
            return LanguageModel.load(path, options, isQuiet(arguments, console) ? Progress.NONE : progress);
        }
    }

    /// The same for those who need no tokenizer.
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

    /// Shows the progress of a fetch, and says what becomes of it where Ctrl-C falls into it. Machines that want one
    /// JSON document get no progress beside it.
    static Choice fetch(Arguments arguments, Console console, Fetch fetch) throws HubException {
        try (ProgressDisplay progress = new ProgressDisplay(console);
                var _ = new InterruptNotice(console, WHEN_INTERRUPTED)) {
            return fetch.run(HubSettings.fromEnvironment(), isQuiet(arguments, console) ? Progress.NONE : progress);
        }
    }
}
