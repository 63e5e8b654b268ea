package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.io.hub.ModelLocation;
import glia.serve.mcp.EngineTools;
import glia.tensor.Precision;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/// Offers a model to other programs as an MCP server on standard input and output.
public final class McpCommand implements Command {
    private final Supplier<String> version;

    /// @param version the program's version
    public McpCommand(Supplier<String> version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "mcp";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Offer a model to other programs as an MCP server",
                List.of(Models.MODEL.optional(Models.MODEL.description() + " (default: SmolLM2-135M-Instruct)")),
                Syntax.join(ComputeOptions.ALL, List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia mcp reasoner
                        $ claude mcp add glia -- glia mcp reasoner""")
                .notes("The server speaks the Model Context Protocol on standard input and output; its tools: "
                        + "generate, embed, tokenize, inspect. It ends with its standard input. Settings of an MCP "
                        + "client: {\"mcpServers\": {\"glia\": {\"command\": \"glia\", \"args\": [\"mcp\"]}}}");
    }

    @Override
    public int run(Arguments arguments, Console console) throws Exception {
        ModelLocation choice = Models.locate(arguments.optional(0), arguments, console);
        CountDownLatch end = new CountDownLatch(1);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            EngineTools tools = new EngineTools(model, choice.path().getFileName().toString());
            try (AutoCloseable _ = tools.serve(new WatchedInput(console.in(), end), console.out(), version.get())) {
                end.await();
            }
        }
        return ExitCode.OK;
    }

    /// Reports the end of the input.
    private static final class WatchedInput extends FilterInputStream {
        private final CountDownLatch end;

        WatchedInput(InputStream in, CountDownLatch end) {
            super(in);
            this.end = end;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return noted(super.read(bytes, offset, length));
        }

        @Override
        public int read() throws IOException {
            return noted(super.read());
        }

        private int noted(int read) {
            if (read < 0) {
                end.countDown();
            }
            return read;
        }
    }
}
