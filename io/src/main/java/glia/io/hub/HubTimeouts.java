package glia.io.hub;

import java.time.Duration;

/// Time limits of requests.
///
/// @param connect for the name lookup, and again for the connection
/// @param headers from the request to the response headers. Not the timeout of `HttpRequest`, which in later JDKs
///     includes the body and would cut long downloads
/// @param window a body must deliver `minBytes` in each window of this length
/// @param minBytes the fewest bytes in a window
/// @param listing the most time for the whole body of a listing
record HubTimeouts(Duration connect, Duration headers, Duration window, long minBytes, Duration listing) {
    static final HubTimeouts DEFAULT = new HubTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(30),
        Duration.ofSeconds(30), 4096, Duration.ofSeconds(120));
}
