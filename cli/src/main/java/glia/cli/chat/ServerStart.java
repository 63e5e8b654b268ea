package glia.cli.chat;

import glia.cli.terminal.Console;
import glia.cli.terminal.VisibleText;
import glia.serve.mcp.ToolServers;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/// Says which MCP server is being started, once that takes long: a command such as `npx` downloads packages at its
/// first start. A terminal shows the seconds, too.
public final class ServerStart implements Consumer<String>, AutoCloseable {
    private static final int SILENT_SECONDS = 3;
    private static final int MOST_CHARACTERS = 40;

    private final Console console;
    private final boolean rewrites;
    private Thread ticker;

    private ServerStart(Console console) {
        this.console = console;
        this.rewrites = console.errIsTerminal() && !Console.isDumb(System.getenv());
    }

    /// Connects to servers.
    ///
    /// @throws IOException if one cannot be started or reached
    public static ToolServers connect(List<String> servers, Console console) throws IOException {
        try (ServerStart start = new ServerStart(console)) {
            return ToolServers.connect(servers, start);
        }
    }

    @Override
    public void accept(String server) {
        close();
        ticker = Thread.ofVirtual().name("glia-server-start").start(() -> tick(VisibleText.line(server)));
    }

    private void tick(String server) {
        String name = server.length() <= MOST_CHARACTERS ? server : server.substring(0, MOST_CHARACTERS) + "…";
        try {
            Thread.sleep(1000L * SILENT_SECONDS);
            if (!rewrites) {
                console.err().println("Starting MCP server '" + name + "'; a first start may download packages.");
                return;
            }
            try {
                for (int seconds = SILENT_SECONDS; true; seconds++) {
                    console.clearProgress();
                    console.err().print("Starting MCP server '" + name + "': " + seconds + " s");
                    console.err().flush();
                    Thread.sleep(1000);
                }
            } finally {
                console.clearProgress();
                console.err().flush();
            }
        } catch (InterruptedException e) {
            // It has started.
        }
    }

    /// Ends the display.
    @Override
    public void close() {
        if (ticker == null) {
            return;
        }
        ticker.interrupt();
        try {
            ticker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ticker = null;
    }
}
