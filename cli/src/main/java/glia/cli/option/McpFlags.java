package glia.cli.option;

import glia.cli.args.Option;
import java.util.List;

/// MCP servers whose tools a model may call.
public final class McpFlags {
    /// Servers: commands or addresses.
    public static final Option<String> MCP = Option.text("SERVER", "MCP server whose tools the model may call, each "
            + "after your approval: a command, an http address, or a JSON file with mcpServers; may be repeated",
            "--mcp").repeated();
    /// Whether calls run without a question.
    public static final Option<Boolean> MCP_APPROVE = Option.flag(
            "run the tool calls of MCP servers without approval", "--mcp-approve");
    /// All of them.
    public static final List<Option<?>> ALL = List.of(MCP, MCP_APPROVE);

    private McpFlags() { }
}
