package glia.serve.mcp;

import glia.text.template.ToolCall;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Tools of MCP servers ([Model Context Protocol](https://modelcontextprotocol.io)), as chat templates read them. A
/// server is a command, which runs as a child process and speaks over its standard input and output, or an address
/// (streamable HTTP). Calls may come from many threads; those of one server run one after another. A command whose
/// process has ended is started again by the next call.
public final class ToolServers implements AutoCloseable {
    /// The longest start of a command, which may install itself: `npx` and `uvx` download packages at the first start.
    private static final Duration COMMAND_START = Duration.ofMinutes(5);
    /// The most characters of a result that reach the model.
    private static final int MOST_CHARACTERS = 100_000;

    private final List<ServerConnection> connections = new ArrayList<>();
    private final Map<String, Tool> tools = new LinkedHashMap<>();

    private record Tool(ServerConnection server, String name, Map<String, Object> schema) { }

    private final Duration longestStart;

    private ToolServers(Duration longestStart) {
        this.longestStart = longestStart;
    }

    /// Connects to servers and lists their tools. Where two servers have a tool of the same name, the later one's gets
    /// the name `NAME_2`.
    ///
    /// A command gets the variables HOME, LOGNAME, PATH, SHELL, TERM and USER (on Windows APPDATA, HOMEDRIVE, HOMEPATH,
    /// LOCALAPPDATA, PATH, PROCESSOR_ARCHITECTURE, SYSTEMDRIVE, SYSTEMROOT, TEMP, USERNAME and USERPROFILE) of this
    /// process, and those that are given for it.
    ///
    /// @param servers commands with arguments, before which words such as `NAME=value` are variables of the process;
    ///     `http://` and `https://` addresses; or files whose names end in `.json`, with an object `mcpServers`
    /// @throws IOException if a file is wrong, or a server cannot be started or reached, or does not speak the protocol
    public static ToolServers connect(List<String> servers) throws IOException {
        return connect(servers, _ -> { });
    }

    /// The same with progress.
    ///
    /// @param starting receives each server before it is started, which may take minutes
    public static ToolServers connect(List<String> servers, Consumer<String> starting) throws IOException {
        return connect(servers, starting, COMMAND_START);
    }

    /// @param longestStart the longest time until a command answers
    static ToolServers connect(List<String> servers, Consumer<String> starting, Duration longestStart)
            throws IOException {
        ToolServers connected = new ToolServers(longestStart);
        List<ServerSettings> all = new ArrayList<>();
        for (String server : servers) {
            try {
                all.addAll(ServerSettings.of(server));
            } catch (IllegalArgumentException e) {
                throw new IOException("--mcp: " + e.getMessage() + "; expected a command, an http address, or a JSON "
                        + "file with mcpServers", e);
            }
        }
        for (ServerSettings server : all) {
            starting.accept(server.name());
            connected.add(server);
        }
        return connected;
    }

    private void add(ServerSettings settings) throws IOException {
        ServerConnection server = new ServerConnection(settings, longestStart);
        connections.add(server);
        try {
            server.connect().forEach(tool -> add(server, tool));
        } catch (RuntimeException e) {
            String lines = server.lastLines();
            close();
            throw new IOException("MCP server '" + settings.name() + "': " + failure(e, server)
                    + (lines.isEmpty() ? "" : "; it wrote:\n  " + lines), e);
        }
    }

    private static String failure(Throwable e, ServerConnection server) {
        boolean isLate = Stream.iterate(e, cause -> cause != null, Throwable::getCause)
                .anyMatch(TimeoutException.class::isInstance);
        if (!isLate) {
            return reason(e) + "; expected a command that speaks MCP on its standard streams, or an http address";
        }
        return "no answer within " + server.longestStart().toSeconds() + " seconds; "
                + (server.isCommand() ? "try the command by itself: it may install packages at its first start, or may "
                + "not speak MCP" : "is it running, and is this its address?");
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    private void add(ServerConnection server, McpSchema.Tool tool) {
        String name = tool.name();
        for (int i = 2; tools.containsKey(name); i++) {
            name = tool.name() + "_" + i;
        }
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("description", tool.description() == null ? "" : tool.description());
        function.put("parameters", tool.inputSchema());
        tools.put(name, new Tool(server, tool.name(), Map.of("type", "function", "function", function)));
    }

    /// The schemas of all tools.
    public List<Map<String, Object>> schemas() {
        return tools.values().stream().map(Tool::schema).toList();
    }

    /// The names of all tools.
    public List<String> names() {
        return List.copyOf(tools.keySet());
    }

    /// Calls a tool.
    ///
    /// @return its result as text; of a failed call the error, which the model can read and answer
    public String call(ToolCall call) {
        Tool tool = tools.get(call.name());
        if (tool == null) {
            return "Error: there is no tool '" + call.name() + "'; the tools are " + String.join(", ", tools.keySet());
        }
        try {
            return text(tool.server.call(McpSchema.CallToolRequest.builder(tool.name).arguments(call.arguments())
                    .build()));
        } catch (RuntimeException e) {
            return "Error: " + reason(e);
        }
    }

    private static String text(McpSchema.CallToolResult result) {
        StringBuilder text = new StringBuilder(Boolean.TRUE.equals(result.isError()) ? "Error: " : "");
        for (McpSchema.Content content : result.content()) {
            text.append(content instanceof McpSchema.TextContent part ? part.text()
                    : "[a result of type " + content.type() + ", which the model does not read]").append('\n');
        }
        if (text.length() > MOST_CHARACTERS) {
            return text.substring(0, MOST_CHARACTERS) + "\n[cut after " + MOST_CHARACTERS + " characters]";
        }
        return text.toString().strip();
    }

    /// Disconnects; servers that were started end.
    @Override
    public synchronized void close() {
        connections.forEach(ServerConnection::close);
        connections.clear();
    }

    /// The connection to an MCP server. A command whose process has ended is started again by the next call.
    static final class ServerConnection {
        private static final Duration CONNECTION = Duration.ofSeconds(60);
        private static final Duration CALL = Duration.ofMinutes(2);

        private final ServerSettings settings;
        private final Duration longestStart;
        private volatile McpClientTransport transport;
        private volatile McpSyncClient client;
        private volatile boolean isClosed;

        /// @param longestStart the longest time until a command answers
        ServerConnection(ServerSettings settings, Duration longestStart) {
            this.settings = settings;
            this.longestStart = isCommand(settings) ? longestStart : CONNECTION;
        }

        private static boolean isCommand(ServerSettings settings) {
            return settings.address().isEmpty();
        }

        boolean isCommand() {
            return isCommand(settings);
        }

        /// The longest time until the server answers.
        Duration longestStart() {
            return longestStart;
        }

        /// What the process wrote to standard error last.
        String lastLines() {
            return transport instanceof ChildServer child ? child.lastLines() : "";
        }

        /// Connects and lists the server's tools.
        synchronized List<McpSchema.Tool> connect() {
            transport = isCommand() ? new ChildServer(settings) : web(settings.address().get());
            client = McpClient.sync(transport).requestTimeout(CALL).initializationTimeout(longestStart)
                    .clientInfo(McpSchema.Implementation.builder("glia", "1").build()).build();
            client.initialize();
            return client.listTools().tools();
        }

        private McpClientTransport web(URI address) {
            String path = address.getRawPath() == null || address.getRawPath().isEmpty() ? "/mcp"
                    : address.getRawPath();
            return HttpClientStreamableHttpTransport.builder(address.getScheme() + "://" + address.getRawAuthority())
                    .endpoint(address.getRawQuery() == null ? path : path + "?" + address.getRawQuery())
                    .addHttpRequestCustomizer((request, _, _, _, _) -> settings.headers().forEach(request::setHeader))
                    .build();
        }

        /// Calls a tool. Calls run one after another, since the SDK's transport refuses messages that are sent at the
        /// same time.
        synchronized McpSchema.CallToolResult call(McpSchema.CallToolRequest request) {
            if (!isClosed && transport instanceof ChildServer child && child.hasEnded()) {
                client.close();
                connect();
                if (isClosed) {
                    client.closeGracefully();
                }
            }
            return client.callTool(request);
        }

        /// Disconnects, also while a call runs; a process that was started ends.
        void close() {
            isClosed = true;
            if (client != null) {
                client.closeGracefully();
            }
        }
    }
}
