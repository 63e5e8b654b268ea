package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.chat.ChatLoop;
import glia.cli.chat.Input;
import glia.cli.chat.ServerStart;
import glia.cli.option.ComputeOptions;
import glia.cli.option.FormFlags;
import glia.cli.option.GenerationFlags;
import glia.cli.option.McpFlags;
import glia.cli.option.PictureFlags;
import glia.cli.option.PromptFlags;
import glia.cli.terminal.Console;
import glia.engine.LanguageModel;
import glia.engine.grammar.Grammar;
import glia.engine.load.LoadOptions;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.serve.mcp.ToolServers;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Chats with a model.
public final class ChatCommand implements Command {
    /// For `run` too.
    static final Option<String> SYSTEM = Option.text("TEXT", "system prompt", "--system")
            .elsewhere("--system-prompt", "-sys", "--sys");

    /// For [glia.cli.Cli].
    public ChatCommand() {}

    @Override
    public String name() {
        return "chat";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Chat with a model",
                List.of(Models.MODEL.optional(Models.MODEL.description() + " (default: SmolLM2-135M-Instruct)")),
                Syntax.join(List.of(SYSTEM, PromptFlags.FILE), PictureFlags.SAMPLING, McpFlags.ALL, FormFlags.ALL,
                        GenerationFlags.ALL,
                        ComputeOptions.ALL, ComputeOptions.ROPE,
                        List.of(GenerationFlags.SHOW_THINKING, ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ATTENTION,
                                ComputeOptions.CACHE_POLICY, ComputeOptions.PREFILL,
                                ComputeOptions.KV_MEMORY, PromptFlags.PROMPT_CACHE, ComputeOptions.DRAFT,
                                ComputeOptions.ADAPTER, ComputeOptions.MMPROJ)))
                .examples("""
                        $ glia chat
                        > What is the capital of France?
                        The capital of France is Paris.
                        $ printf 'Hello\\nAnd now?\\n' | glia chat HuggingFaceTB/SmolLM2-135M-Instruct""")
                .notes("/help in a chat lists its commands. Without a terminal, each line of standard input is a "
                        + "message. A form holds for each answer. "
                        + GenerationFlags.NOTE);
    }

    @Override
    public int run(Arguments given, Console console) throws Exception {
        Arguments arguments = ModelFile.applied(given, true);
        Optional<Grammar> form = FormFlags.grammar(arguments);
        ModelLocation choice = Models.locate(arguments.optional(0), arguments, console);
        String text = PromptFlags.text(arguments);
        LoadOptions options = Models.generating(arguments, "auto", console);
        FutureTask<LanguageModel> loading = load(() -> Models.loadWithoutNote(choice.path(),
                options, arguments, console));
        Path history = HubSettings.fromEnvironment().gliaCache().resolve("chat-history");
        // The terminal is set up while the model is loaded.
        try (Input input = Input.of(console, history); LanguageModel model = await(loading)) {
            if (model.model().spec().looksAhead() && model.diffusion().isEmpty()) {
                throw new IllegalArgumentException("the model is an encoder and generates no text; use glia embed or "
                        + "glia fill-mask");
            }
            ChatLoop loop = new ChatLoop(console, input, model, choice, arguments, arguments.get(SYSTEM),
                    form, text);
            if (!arguments.has(McpFlags.MCP)) {
                return loop.run();
            }
            try (ToolServers tools = ServerStart.connect(arguments.all(McpFlags.MCP), console)) {
                return loop.use(tools, arguments.has(McpFlags.MCP_APPROVE)).run();
            }
        }
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
