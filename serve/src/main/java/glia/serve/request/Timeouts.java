package glia.serve.request;

import java.time.Duration;

/// The longest times of the parts of a request. A client that takes longer is answered with an error or disconnected,
/// also if it sends or reads a byte from time to time.
///
/// @param headers from the connection, or the first line of a request, to the end of the headers
/// @param body from the end of the headers to the end of the body
/// @param idle between two requests of a connection
/// @param request from submission to the end of the answer
/// @param write until the client has taken a piece of the answer
public record Timeouts(Duration headers, Duration body, Duration idle, Duration request, Duration write) {
    /// 10 seconds for headers, one minute for a body and between requests, ten minutes for an answer, 30 seconds for a
    /// piece of it.
    public static Timeouts defaults() {
        return new Timeouts(Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofMinutes(1),
                Duration.ofMinutes(10), Duration.ofSeconds(30));
    }

    public Timeouts withHeaders(Duration longest) {
        return new Timeouts(longest, body, idle, request, write);
    }

    public Timeouts withBody(Duration longest) {
        return new Timeouts(headers, longest, idle, request, write);
    }

    public Timeouts withIdle(Duration longest) {
        return new Timeouts(headers, body, longest, request, write);
    }

    public Timeouts withRequest(Duration longest) {
        return new Timeouts(headers, body, idle, longest, write);
    }

    public Timeouts withWrite(Duration longest) {
        return new Timeouts(headers, body, idle, request, longest);
    }
}
