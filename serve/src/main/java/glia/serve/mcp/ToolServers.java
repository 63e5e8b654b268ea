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

/// Tools of MCP servers ([Model Context Protocol](https://modelcontextprotocol.io)), as chat templates read them. A
/// server is a command, which runs as a child process and speaks over its standard input and output, or an address
/// (streamable HTTP). For one thread at a time.
public final class ToolServers implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration CALL = Duration.ofMinutes(2);
    /// The most characters of a result that reach the model.
    private static final int MOST_CHARACTERS = 100_000;

    private final List<McpSyncClient> clients = new ArrayList<>();
    private final Map<String, Tool> tools = new LinkedHashMap<>();

    private record Tool(McpSyncClient client, String name, Map<String, Object> schema) { }

    private ToolServers() { }

    /// Connects to servers and lists their tools. Where two servers have a tool of the same name, the later one's gets
    /// the name `NAME_2`.
    ///
    /// @param servers commands with arguments, or `http://` and `https://` addresses
    /// @throws IOException if a server cannot be started or reached, or does not speak the protocol
    public static ToolServers connect(List<String> servers) throws IOException {
        ToolServers connected = new ToolServers();
        for (String server : servers) {
            try {
                connected.add(server);
            } catch (RuntimeException e) {
                connected.close();
                throw new IOException("MCP server '" + server + "': " + reason(e)
                        + "; expected a command that speaks MCP on its standard streams, or an http address", e);
            }
        }
        return connected;
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    private void add(String server) {
        McpSyncClient client = McpClient.sync(transport(server)).requestTimeout(CALL).initializationTimeout(START)
                .clientInfo(McpSchema.Implementation.builder("glia", "1").build()).build();
        clients.add(client);
        client.initialize();
        for (McpSchema.Tool tool : client.listTools().tools()) {
            String name = tool.name();
            for (int i = 2; tools.containsKey(name); i++) {
                name = tool.name() + "_" + i;
            }
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", name);
            function.put("description", tool.description() == null ? "" : tool.description());
            function.put("parameters", tool.inputSchema());
            tools.put(name, new Tool(client, tool.name(), Map.of("type", "function", "function", function)));
        }
    }

    private static McpClientTransport transport(String server) {
        if (server.startsWith("http://") || server.startsWith("https://")) {
            URI address = URI.create(server);
            String path = address.getRawPath() == null || address.getRawPath().isEmpty() ? "/mcp"
                    : address.getRawPath();
            return HttpClientStreamableHttpTransport.builder(address.getScheme() + "://" + address.getRawAuthority())
                    .endpoint(path).build();
        }
        return new ChildServer(CommandWords.split(server));
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
            McpSchema.CallToolResult result =
                    tool.client.callTool(McpSchema.CallToolRequest.builder(tool.name)
                            .arguments(call.arguments()).build());
            return text(result);
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
    public void close() {
        clients.forEach(McpSyncClient::closeGracefully);
        clients.clear();
    }
}
