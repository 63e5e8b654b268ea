package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.pool.ModelPool;
import glia.serve.request.HttpLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Serves models over HTTP.
public final class ServeCommand implements Command {
    private static final Positional MODEL = Models.MODEL.optional(Models.MODEL.description()
            + "; NAME=MODEL gives it a name for requests (default: SmolLM2-135M-Instruct)").repeated();
    private static final Option<Integer> PORT = Option.integer("N", 0, 65_535,
            "port; 0 for any that is free (default: " + ServerOptions.DEFAULT_PORT + ")", "--port", "-p");
    private static final Option<String> HOST = Option.text("ADDRESS",
            "address to listen on (default: 127.0.0.1, this machine alone)", "--host");
    private static final Duration DRAIN = Duration.ofSeconds(30);

    /// For [glia.cli.Cli].
    public ServeCommand() {}

    @Override
    public String name() {
        return "serve";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Serve models over HTTP: the APIs of OpenAI, Anthropic and Ollama",
                List.of(MODEL), Syntax.join(List.of(PORT, HOST), ServeModels.OPTIONS, ComputeOptions.ALL,
                        List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.DRAFT)))
                .examples("""
                        $ glia serve HuggingFaceTB/SmolLM2-135M-Instruct
                        $ curl localhost:8080/v1/chat/completions -d '{"messages":
                            [{"role": "user", "content": "Why is the sky blue?"}]}'""");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        ModelPool models = ServeModels.pool(arguments, console);
        ServerOptions server = ServerOptions.defaults().withHost(arguments.get(HOST).orElse("127.0.0.1"))
                .withPort(arguments.get(PORT).orElse(ServerOptions.DEFAULT_PORT)).withLimits(HttpLimits.defaults())
                .withLog(line -> console.err().println("glia: " + line));
        Server running = Server.start(models, server);
        Thread stop = new Thread(() -> running.drain(DRAIN), "glia-drain");
        Runtime.getRuntime().addShutdownHook(stop);
        console.err().println("glia: serving " + String.join(", ", models.names()) + " at http://" + server.host() + ":"
                + running.port());
        running.await();
        return ExitCode.OK;
    }
}
