package glia.serve.http;

/// Receives requests that have ended.
@FunctionalInterface
public interface RequestListener {
    /// Receives a request; returns at once.
    void ended(RequestSummary request);
}
