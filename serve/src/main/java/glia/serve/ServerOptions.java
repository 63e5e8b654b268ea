package glia.serve;

import glia.engine.answer.Tools;
import glia.io.web.WebFiles;
import glia.serve.request.HttpLimits;
import glia.serve.security.Access;
import java.util.Optional;
import java.util.function.Consumer;

/// Options of a server.
///
/// @param host the address to listen on
/// @param port the port; 0 for any that is free
/// @param limits limits of requests
/// @param access who may use it
/// @param logsRequests whether the log has a line for each request
/// @param logsPrompts whether the log has the bodies of requests
/// @param log receives lines about unexpected errors, and requests if wanted
/// @param tools tools that the server runs for requests without tools of their own
/// @param web fetches pictures and sounds that requests name by address; empty to refuse these
public record ServerOptions(String host, int port, HttpLimits limits, Access access, boolean logsRequests,
        boolean logsPrompts, Consumer<String> log, Optional<Tools> tools, Optional<WebFiles> web) {
    /// The port that is used unless another is given.
    public static final int DEFAULT_PORT = 8080;

    /// Port 8080 of the loopback address without keys, the usual limits, errors to standard error.
    public static ServerOptions defaults() {
        return new ServerOptions("127.0.0.1", DEFAULT_PORT, HttpLimits.defaults(), Access.LOCAL, false, false,
                System.err::println, Optional.empty(), Optional.empty());
    }

    public ServerOptions withHost(String other) {
        return new ServerOptions(other, port, limits, access, logsRequests, logsPrompts, log, tools, web);
    }

    public ServerOptions withPort(int other) {
        return new ServerOptions(host, other, limits, access, logsRequests, logsPrompts, log, tools, web);
    }

    public ServerOptions withLimits(HttpLimits other) {
        return new ServerOptions(host, port, other, access, logsRequests, logsPrompts, log, tools, web);
    }

    public ServerOptions withAccess(Access other) {
        return new ServerOptions(host, port, limits, other, logsRequests, logsPrompts, log, tools, web);
    }

    /// With logs of requests and, if wanted, of their bodies.
    public ServerOptions withLogs(boolean requests, boolean prompts) {
        return new ServerOptions(host, port, limits, access, requests, prompts, log, tools, web);
    }

    public ServerOptions withLog(Consumer<String> other) {
        return new ServerOptions(host, port, limits, access, logsRequests, logsPrompts, other, tools, web);
    }

    public ServerOptions withTools(Tools other) {
        return new ServerOptions(host, port, limits, access, logsRequests, logsPrompts, log, Optional.of(other),
                web);
    }

    /// With pictures and sounds that requests name by address.
    public ServerOptions withWeb(WebFiles other) {
        return new ServerOptions(host, port, limits, access, logsRequests, logsPrompts, log, tools, Optional.of(other));
    }
}
