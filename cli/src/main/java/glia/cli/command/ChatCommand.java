package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.chat.ChatLoop;
import glia.cli.chat.Input;
import glia.cli.option.ComputeOptions;
import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Console;
import glia.engine.LanguageModel;
import glia.engine.LoadOptions;
import glia.io.hub.Choice;
import glia.io.hub.HubSettings;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Talks with a model.
public final class ChatCommand implements Command {
    private static final Option<String> SYSTEM = Option.text("TEXT", "what the model shall be like", "--system");

    /// How the makers of the default model sample from it: less daringly than suits larger ones
    /// (https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct).
    private static final Map<String, String> RECOMMENDED = Map.of("temperature", "0.2", "top-p", "0.9");

    /// For [glia.cli.Cli].
    public ChatCommand() {}

    @Override
    public String name() {
        return "chat";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Talk with a model",
                List.of(new Positional(Models.MODEL.label(), "as in glia run (default: SmolLM2-135M-Instruct)", false)),
                Syntax.join(List.of(SYSTEM), GenerationFlags.ALL, ComputeOptions.ALL),
                List.of("/help in a conversation shows what else there is. Without a terminal, each line of standard",
                        "input is a message."));
    }

    @Override
    public int run(Arguments words, Console console) throws Exception {
        Arguments arguments = words.optional(0).isPresent() ? words : GenerationFlags.where(words, RECOMMENDED);
        Choice choice = Models.locate(arguments.optional(0), console);
        FutureTask<LanguageModel> loading = load(choice.path(), ComputeOptions.of(arguments, Precision.FAST));
        Path history = HubSettings.fromEnvironment().gliaCache().resolve("chat-history");
        // The terminal is made ready while the model is loaded.
        try (Input input = Input.of(console, history); LanguageModel model = await(loading)) {
            new ChatLoop(console, input, model, choice, arguments, arguments.get(SYSTEM)).run();
        }
        return ExitCode.OK;
    }

    private static FutureTask<LanguageModel> load(Path path, LoadOptions options) {
        FutureTask<LanguageModel> loading = new FutureTask<>(() -> LanguageModel.load(path, options));
        Thread.ofPlatform().daemon().name("glia-load").start(loading);
        return loading;
    }

    private static LanguageModel await(FutureTask<LanguageModel> loading) throws Exception {
        try {
            return loading.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception known -> throw known;
                case Error known -> throw known;
                default -> throw e;
            }
        }
    }
}
