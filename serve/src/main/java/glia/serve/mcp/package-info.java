/// Tools by the Model Context Protocol, as a client and as a server.
///
/// Begin with [ToolServers] and [McpTools].
///
/// Source: https://modelcontextprotocol.io/specification
package glia.serve.mcp;
