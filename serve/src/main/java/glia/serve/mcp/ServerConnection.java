package glia.serve.mcp;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/// The connection to an MCP server. A command whose process has ended is started again by the next call.
final class ServerConnection {
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
        String path = address.getRawPath() == null || address.getRawPath().isEmpty() ? "/mcp" : address.getRawPath();
        return HttpClientStreamableHttpTransport.builder(address.getScheme() + "://" + address.getRawAuthority())
                .endpoint(address.getRawQuery() == null ? path : path + "?" + address.getRawQuery())
                .addHttpRequestCustomizer((request, _, _, _, _) -> settings.headers().forEach(request::setHeader))
                .build();
    }

    /// Calls a tool. Calls run one after another, since the SDK's transport refuses messages that are sent at the same
    /// time.
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
