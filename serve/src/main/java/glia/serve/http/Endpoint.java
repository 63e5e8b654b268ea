package glia.serve.http;

/// Answers requests of one route.
@FunctionalInterface
public interface Endpoint {
    /// Answers a request. Exceptions become errors of the route's style; after a stream has begun they end it.
    void answer(Exchange exchange) throws Exception;
}
