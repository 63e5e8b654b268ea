package glia.serve;

import glia.serve.request.HttpLimits;
import java.util.function.Consumer;

/// Options of a server.
///
/// @param host the address to listen on
/// @param port the port; 0 for any that is free
/// @param limits limits of requests
/// @param log receives lines about unexpected errors
public record ServerOptions(String host, int port, HttpLimits limits, Consumer<String> log) {
    /// The port that is used unless another is given.
    public static final int DEFAULT_PORT = 8080;

    /// Port 8080 of the loopback address, the usual limits, errors to standard error.
    public static ServerOptions defaults() {
        return new ServerOptions("127.0.0.1", DEFAULT_PORT, HttpLimits.defaults(), System.err::println);
    }

    public ServerOptions withHost(String other) {
        return new ServerOptions(other, port, limits, log);
    }

    public ServerOptions withPort(int other) {
        return new ServerOptions(host, other, limits, log);
    }

    public ServerOptions withLimits(HttpLimits other) {
        return new ServerOptions(host, port, other, log);
    }

    public ServerOptions withLog(Consumer<String> other) {
        return new ServerOptions(host, port, limits, other);
    }
}
