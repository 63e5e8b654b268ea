package glia.serve.http;

import glia.serve.request.FieldTable;

/// A route with what the documentation says of it.
///
/// @param method the HTTP method
/// @param path with parameters in braces
/// @param style how errors are written
/// @param about what it does, in words
/// @param fields the fields of its body
/// @param endpoint answers its requests
public record Route(String method, String path, ErrorStyle style, String about, FieldTable fields, Endpoint endpoint) {
    /// A route for GET.
    public static Route get(String path, ErrorStyle style, String about, Endpoint endpoint) {
        return new Route("GET", path, style, about, FieldTable.NONE, endpoint);
    }

    /// A route for POST.
    public static Route post(String path, ErrorStyle style, String about, FieldTable fields, Endpoint endpoint) {
        return new Route("POST", path, style, about, fields, endpoint);
    }

    /// The same at another path.
    public Route at(String other) {
        return new Route(method, other, style, "as `" + path + "`", fields, endpoint);
    }

    /// A route for DELETE.
    public static Route delete(String path, ErrorStyle style, String about, Endpoint endpoint) {
        return new Route("DELETE", path, style, about, FieldTable.NONE, endpoint);
    }

    /// Answers requests of one route.
    @FunctionalInterface
    public interface Endpoint {
        /// Answers a request. Exceptions become errors of the route's style; after a stream has begun they end it.
        void answer(Exchange exchange) throws Exception;
    }
}
