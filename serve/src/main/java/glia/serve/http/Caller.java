package glia.serve.http;

/// Whose request it is.
///
/// @param name the name of the API key, or of the address where the server has no keys
public record Caller(String name) {
    /// The caller of a route that needs no key.
    static final Caller ANYBODY = new Caller("-");
}
