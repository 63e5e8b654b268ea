package glia.engine.call;

import glia.engine.grammar.limit.GrammarException;

/// A call that does not suit the model, or exceeds a limit.
public final class CallException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String field;

    /// @param field what is wrong, named as in requests
    /// @param message what was found, what was expected, and what to try
    public CallException(String field, String message) {
        super(field + ": " + message);
        this.field = field;
    }

    /// The exception of a grammar that cannot be used: the same if other grammars take all memory, which is no fault of
    /// the call.
    ///
    /// @param field what has the grammar, named as in requests
    static RuntimeException of(String field, GrammarException e) {
        return e.kind() == GrammarException.Kind.MEMORY ? e : new CallException(field, e.getMessage());
    }

    /// What is wrong, named as in requests.
    public String field() {
        return field;
    }
}
