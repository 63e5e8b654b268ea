package glia.serve.request;

import glia.engine.grammar.limit.GrammarException;

/// An error of a request, as the HTTP APIs report it.
public final class ServeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String kind;
    private final String field;

    /// @param status the HTTP status, 400 to 599
    /// @param kind the kind in snake case, such as `invalid_request_error`
    /// @param field the field of the request that is wrong; empty for none
    /// @param message what was found, what was expected, and what to try
    public ServeException(int status, String kind, String field, String message) {
        super(message, null, false, false);
        this.status = status;
        this.kind = kind;
        this.field = field;
    }

    /// A field of a request that is wrong: status 400.
    ///
    /// @param message what was found and what was expected
    public static ServeException badField(String field, String message) {
        return new ServeException(400, "invalid_request_error", field, field + ": " + message);
    }

    /// A grammar that cannot be used: status 400, or 503 if other grammars take all memory.
    ///
    /// @param field the grammar's field
    public static ServeException badGrammar(String field, GrammarException e) {
        return e.kind() == GrammarException.Kind.MEMORY
                ? new ServeException(503, "overloaded_error", field, field + ": " + e.getMessage())
                : badField(field, e.getMessage());
    }

    /// A request that is wrong: status 400.
    public static ServeException badRequest(String message) {
        return new ServeException(400, "invalid_request_error", "", message);
    }

    /// A request that came while the server stops, or that it cannot finish: status 503.
    public static ServeException stopping() {
        return new ServeException(503, "overloaded_error", "", "the server is stopping; try another one");
    }

    /// The HTTP status.
    public int status() {
        return status;
    }

    /// The kind in snake case.
    public String kind() {
        return kind;
    }

    /// The field that is wrong; empty for none.
    public String field() {
        return field;
    }
}
