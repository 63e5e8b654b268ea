package glia.serve.http;

/// Receives requests that have ended.
@FunctionalInterface
public interface RequestListener {
    /// Receives a request; returns at once.
    void ended(RequestSummary request);

    /// A request that has ended.
    ///
    /// @param id its id
    /// @param caller whose it was; `-` where it needs no key
    /// @param method the method, such as `POST`; `OTHER` where no route has it
    /// @param route the pattern of the route, such as `/v1/models/{+model}`; `other` for none
    /// @param path the path as it was sent, in visible characters of ASCII
    /// @param status the status of the response; 499 where the client went before its end
    /// @param nanos its duration
    record RequestSummary(String id, String caller, String method, String route, String path, int status,
            long nanos) {
        /// The status of a request whose client went, as nginx has it.
        public static final int CLIENT_GONE = 499;
    }
}
