package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.chat.ServerStart;
import glia.cli.chat.ToolApproval;
import glia.cli.option.ComputeOptions;
import glia.cli.option.GenerationFlags;
import glia.cli.option.McpFlags;
import glia.cli.option.PromptFlags;
import glia.cli.option.ServeFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.load.LoadOptions;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.mcp.McpTools;
import glia.serve.mcp.ToolServers;
import glia.serve.pool.ModelPool;
import glia.tensor.ops.RankGroup;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jline.utils.Signals;

/// Serves models over HTTP.
public final class ServeCommand implements Command {
    private static final Positional MODEL = Models.MODEL.optional(Models.MODEL.description()
            + "; NAME=MODEL gives it a name for requests; or a YAML file that describes a served model (default: "
            + "SmolLM2-135M-Instruct)").repeated();

    private final Supplier<String> version;

    /// For [glia.cli.Cli].
    ///
    /// @param version of this program, which all ranks must have
    public ServeCommand(Supplier<String> version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "serve";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Serve models over HTTP: the APIs of OpenAI, Anthropic and Ollama",
                List.of(MODEL), Syntax.join(ServeFlags.ALL, McpFlags.ALL, ServeModels.OPTIONS,
                        GenerationFlags.ALL, ComputeOptions.ALL, ComputeOptions.ROPE,
                        List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ATTENTION,
                                ComputeOptions.CACHE_POLICY, ComputeOptions.PREFILL, ComputeOptions.KV_MEMORY,
                                PromptFlags.PROMPT_CACHE,
                                ComputeOptions.DRAFT, ComputeOptions.TENSOR, ComputeOptions.EXPERT,
                                ComputeOptions.PIPELINE)))
                .examples("""
                        $ glia serve HuggingFaceTB/SmolLM2-135M-Instruct
                        $ curl localhost:8080/v1/chat/completions -d '{"messages":
                            [{"role": "user", "content": "Why is the sky blue?"}]}'
                        $ glia serve SmolLM2-135M-Instruct --system "Answer in one sentence." --temperature 0.2
                        $ glia serve helper.yaml
                        $ glia keys add alice --keys keys.txt
                        $ glia serve --host 0.0.0.0 --keys keys.txt""")
                .notes("The system prompt and generation options hold where a request has none, for all models. For "
                        + "one model they stand in a YAML file with the keys model, name, system, adapter, and those "
                        + "of generation options, such as temperature. glia ps lists the servers that run, glia stop "
                        + "ends one. docs/serving.md has the routes, and how to serve behind nginx, with systemd and "
                        + "in a "
                        + "container; docs/security.md what is refused.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Option<Integer>> division = RanksTogether.division(arguments);
        if (division.isPresent()) {
            ServeModels.requireOne(division.get(), arguments);
            return RanksTogether.run(division.get(), arguments, console, version.get(), (options, ranks, own) ->
                    ranks.rank() == 0 ? serve(options, Optional.of(ranks.members()), arguments, own)
                            : ServeModels.follow(options, ranks.members(), arguments, own));
        }
        return serve(Models.generating(arguments, "auto", console), Optional.empty(), arguments, console);
    }

    /// @param followers other ranks with parts of the model
    private static int serve(LoadOptions load, Optional<RankGroup> followers, Arguments arguments, Console console)
            throws IOException {
        ServerOptions options = ServeFlags.of(arguments, line -> console.err().println("glia: " + line));
        List<String> servers = arguments.all(McpFlags.MCP);
        if (servers.isEmpty()) {
            return serve(options, load, followers, arguments, console, () -> { });
        }
        try (ToolServers tools = ServerStart.connect(servers, console)) {
            console.err().println("glia: tools: " + String.join(", ", tools.names()));
            return serve(options.withTools(new McpTools(tools,
                    ToolApproval.ofServer(console, arguments.has(McpFlags.MCP_APPROVE)))), load, followers,
                    arguments, console, tools::close);
        }
    }

    /// @param atEnd runs after the server has stopped, also where a signal ends the program
    private static int serve(ServerOptions server, LoadOptions load, Optional<RankGroup> followers,
            Arguments arguments, Console console, Runnable atEnd) throws IOException {
        ServerSignals.serve(console);
        ModelPool models = ServeModels.pool(load, followers, arguments, console);
        Server running = Server.start(models, server);
        Thread stop = new Thread(() -> {
            ServerSignals.drain();
            Duration longest = ServeFlags.drain(arguments);
            int numRunning = running.numRunning();
            if (numRunning > 0) {
                console.err().println("glia: stopping; requests that run: " + numRunning + ", which may end within "
                        + longest.toSeconds() + " s; a second signal (Ctrl-C) ends them at once");
            }
            running.drain(longest);
            atEnd.run();
        }, "glia-drain");
        Runtime.getRuntime().addShutdownHook(stop);
        console.err().println("glia: serving " + String.join(", ", models.names()) + " at http://" + server.host() + ":"
                + running.port());
        try (RunningServers.Entry _ = RunningServers.ofThisUser().add(server.host(), running.port(), models.names())) {
            running.await();
        }
        return ExitCode.OK;
    }

    /// What signals do to a server. SIGTERM and SIGINT end Java, whose shutdown drains the server; a second one ends it
    /// at once. SIGHUP ends a server whose terminal is closed. One without a terminal, such as a service, goes on,
    /// since SIGHUP means there that settings are to be read again, and the file of keys is read when it has changed.
    static final class ServerSignals {
        /// By the convention of shells: 128 and the number of the signal.
        private static final int HANGUP = 129;
        private static final int INTERRUPT = 130;
        private static final int TERMINATE = 143;

        private ServerSignals() { }

        /// From now on SIGHUP does not end a server without a terminal.
        static void serve(Console console) {
            if (!hasTerminal()) {
                Signals.register("HUP", () -> console.err().println("glia: SIGHUP changes nothing: the file of keys is "
                        + "read when it has changed; SIGTERM ends the server"));
            }
        }

        /// From now on each signal ends the process at once.
        static void drain() {
            Signals.register("HUP", () -> Runtime.getRuntime().halt(HANGUP));
            Signals.register("INT", () -> Runtime.getRuntime().halt(INTERRUPT));
            Signals.register("TERM", () -> Runtime.getRuntime().halt(TERMINATE));
        }

        /// Whether the process has a controlling terminal, whatever its streams are.
        private static boolean hasTerminal() {
            try (InputStream _ = new FileInputStream("/dev/tty")) {
                return true;
            } catch (IOException e) {
                return false;
            }
        }
    }
}
