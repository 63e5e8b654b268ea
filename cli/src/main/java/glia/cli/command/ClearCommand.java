package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Units;
import glia.io.hub.HubSettings;
import glia.io.packed.PackedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Deletes packed weights.
public final class ClearCommand implements Command {
    private static final Option<Boolean> HISTORY = Option.flag("delete the history of chats, too", "--history");

    /// For [glia.cli.Cli].
    public ClearCommand() {}

    @Override
    public String name() {
        return "models clear";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Delete packed weights", List.of(), List.of(HISTORY, Json.OPTION))
                .examples("""
                        $ glia models clear
                        Deleted 2 files of packed weights, 203.8 MB.""")
                .notes("Models stay. Packed weights make loading faster; the next start of a model makes them again. "
                        + "glia models --caches lists them.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        HubSettings settings = HubSettings.fromEnvironment();
        PackedFolder.Usage deleted = PackedFolder.in(settings.gliaCache()).clear();
        boolean history = arguments.has(HISTORY)
                && Files.deleteIfExists(settings.gliaCache().resolve("chat-history"));
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("files", deleted.numFiles());
            document.put("bytes", deleted.sizeBytes());
            document.put("history", history);
            Json.print(console, document);
        } else {
            console.printText("Deleted " + Units.counted(deleted.numFiles(), "file") + " of packed weights, "
                    + Units.bytes(deleted.sizeBytes()) + (history ? ", and the history of chats" : "") + ".");
        }
        return ExitCode.OK;
    }
}
