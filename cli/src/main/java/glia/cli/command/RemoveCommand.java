package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Units;
import glia.io.hub.HubException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelCache;
import glia.io.packed.PackedCopy;
import glia.io.packed.PackedFolder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Removes a model from the cache, except for files from other tools.
public final class RemoveCommand implements Command {
    /// For [glia.cli.Cli].
    public RemoveCommand() {}

    @Override
    public String name() {
        return "models remove";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Remove a model from the cache",
                List.of(new Positional("NAME", "name in the list of glia models", true)), List.of(Json.OPTION))
                .aliases("rm", "remove")
                .examples("""
                        $ glia models remove stories260K-27339de0
                        Removed 5 files, 1.1 MB.""")
                .notes("Files that another tool downloaded are kept.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws HubException {
        HubSettings settings = HubSettings.fromEnvironment();
        ModelCache.Removal removal = new ModelCache(settings).remove(arguments.required(0));
        long packedBytes = PackedCopy.sweep(PackedFolder.in(settings.gliaCache()));
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("files", removal.numFiles());
            document.put("bytes", removal.sizeBytes());
            document.put("packed_bytes", packedBytes);
            document.put("kept", removal.kept().stream().map(Path::toString).toList());
            Json.print(console, document);
            return ExitCode.OK;
        }
        console.printText("Removed " + Units.counted(removal.numFiles(), "file") + ", "
                + Units.bytes(removal.sizeBytes()) + (packedBytes == 0 ? "" : ", and "
                + Units.bytes(packedBytes) + " of packed weights") + ".");
        removal.kept().forEach(file -> console.printText("Kept " + file
                + ", which another tool downloaded or uses."));
        return ExitCode.OK;
    }
}
