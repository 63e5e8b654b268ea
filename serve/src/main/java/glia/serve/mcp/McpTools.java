package glia.serve.mcp;

import glia.engine.answer.Tools;
import glia.text.template.ToolCall;
import java.util.List;
import java.util.Map;

/// The tools of MCP servers for the requests of an HTTP server. Questions for approval come one at a time.
public final class McpTools implements Tools {
    private final ToolServers servers;
    private final ToolConversation.Approval approval;

    public McpTools(ToolServers servers, ToolConversation.Approval approval) {
        this.servers = servers;
        this.approval = approval;
    }

    @Override
    public List<Map<String, Object>> schemas() {
        return servers.schemas();
    }

    @Override
    public String call(ToolCall call) {
        boolean isApproved;
        synchronized (approval) {
            isApproved = approval.approves(call);
        }
        String result = isApproved ? servers.call(call)
                : "Error: this call was not allowed; answer without it, or try another one.";
        synchronized (approval) {
            approval.result(call, result);
        }
        return result;
    }
}
