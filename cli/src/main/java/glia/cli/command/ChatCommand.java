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
import glia.io.hub.Choice;
import glia.io.hub.HubSettings;
import glia.tensor.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Talks with a model.
public final class ChatCommand implements Command {
    private static final Option<String> SYSTEM = Option.text("TEXT", "what the model shall be like", "--system");

    /// How to sample from the default model. Its makers take a temperature of 0.2; but after rounding to 4 bits a wrong
    /// token often comes a close second, and without a penalty it repeats itself without end.
    private static final Map<String, String> RECOMMENDED = Map.of("temperature", "0", "repetition-penalty", "1.1");

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
                Syntax.join(List.of(SYSTEM, ComputeOptions.DRAFT, ComputeOptions.KV_CACHE_TYPE),
                        GenerationFlags.ALL, ComputeOptions.ALL),
                List.of("/help in a conversation shows what else there is. Without a terminal, each line of standard",
                        "input is a message. The default model answers with temperature 0 and repetition penalty 1.1.",
                        GenerationFlags.NOTES.getFirst()));
    }

    @Override
    public int run(Arguments words, Console console) throws Exception {
        GenerationFlags.check(words);
        Choice choice = Models.locate(words.optional(0), words, console);
        boolean recommended = words.optional(0).isEmpty() && choice.origin() != Choice.Origin.EMBEDDED;
        Arguments arguments = recommended ? GenerationFlags.where(words, RECOMMENDED) : words;
        FutureTask<LanguageModel> loading = load(() -> Models.loadWithoutNote(choice.path(),
                ComputeOptions.of(arguments, Precision.FAST), arguments, console));
        Path history = HubSettings.fromEnvironment().gliaCache().resolve("chat-history");
        // The terminal is made ready while the model is loaded.
        try (Input input = Input.of(console, history); LanguageModel model = await(loading)) {
            if (model.model().spec().looksAhead()) {
                throw new IllegalArgumentException("the model reads whole texts and writes none, so there is nobody to "
                        + "talk with; glia embed and glia fill-mask use such models");
            }
            new ChatLoop(console, input, model, choice, arguments, arguments.get(SYSTEM)).run();
        }
        return ExitCode.OK;
    }

    private static FutureTask<LanguageModel> load(Callable<LanguageModel> model) {
        FutureTask<LanguageModel> loading = new FutureTask<>(model);
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
