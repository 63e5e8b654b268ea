package glia.serve.http;

/// Is told of requests that have ended.
@FunctionalInterface
public interface RequestListener {
    /// Receives a request; returns at once.
    void ended(RequestSummary request);
}
