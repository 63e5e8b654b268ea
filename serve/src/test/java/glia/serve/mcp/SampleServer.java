package glia.serve.mcp;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// An MCP server of the official SDK with a tool that adds, one that fails, one that throws and one
/// that ends the server.
final class SampleServer {
    private SampleServer() { }

    public static void main(String[] args) throws InterruptedException {
        Map<String, Object> number = Map.of("type", "number");
        var schema = Map.<String, Object>of("type", "object", "properties", Map.of("a", number, "b", number),
                "required", List.of("a", "b"));
        McpServer.sync(new StdioServerTransportProvider(McpJsonDefaults.getMapper())).serverInfo("sample", "1")
                .capabilities(McpSchema.ServerCapabilities.builder().tools(false).build())
                .tools(SyncToolSpecification.builder()
                        .tool(McpSchema.Tool.builder("add", schema).description("Adds two numbers").build())
                        .callHandler((_, request) -> McpSchema.CallToolResult.builder().addTextContent(
                                String.valueOf(((Number) request.arguments().get("a")).doubleValue()
                                        + ((Number) request.arguments().get("b")).doubleValue())).build()).build(),
                        SyncToolSpecification.builder()
                        .tool(McpSchema.Tool.builder("fail", Map.<String, Object>of("type", "object")).build())
                        .callHandler((_, _) -> McpSchema.CallToolResult.builder().addTextContent("no luck")
                                .isError(true).build()).build(),
                        SyncToolSpecification.builder()
                        .tool(McpSchema.Tool.builder("crash", Map.<String, Object>of("type", "object")).build())
                        .callHandler((_, _) -> {
                            throw new IllegalStateException("broken");
                        }).build(),
                        SyncToolSpecification.builder()
                        .tool(McpSchema.Tool.builder("exit", Map.<String, Object>of("type", "object")).build())
                        .callHandler((_, _) -> {
                            System.exit(1);
                            return McpSchema.CallToolResult.builder().build();
                        }).build()).build();
        new CountDownLatch(1).await();
    }
}
