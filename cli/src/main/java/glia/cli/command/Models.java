package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.terminal.Console;
import glia.cli.terminal.InterruptNotice;
import glia.cli.terminal.ProgressDisplay;
import glia.io.hub.Choice;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
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

    /// Shows the progress of a fetch, and says what becomes of it where Ctrl-C falls into it. Machines that want one
    /// JSON document get no progress beside it.
    static Choice fetch(Arguments arguments, Console console, Fetch fetch) throws HubException {
        boolean quiet = arguments.has(Json.OPTION) && !console.errIsTerminal();
        try (ProgressDisplay progress = new ProgressDisplay(console);
                var _ = new InterruptNotice(console, WHEN_INTERRUPTED)) {
            return fetch.run(HubSettings.fromEnvironment(), quiet ? Progress.NONE : progress);
        }
    }
}
