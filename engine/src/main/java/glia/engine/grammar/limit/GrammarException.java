package glia.engine.grammar.limit;

/// A grammar that cannot be used: it is invalid, has a feature that is not supported, or exceeds a limit.
public final class GrammarException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /// What is wrong with the grammar.
    public enum Kind {
        /// The text or schema is malformed.
        INVALID,
        /// It uses a feature that is not supported; the message names it.
        UNSUPPORTED,
        /// No text, or no JSON value, satisfies it.
        UNSATISFIABLE,
        /// It needs more steps or memory than [GrammarLimits] allow.
        LIMIT,
        /// Other grammars leave too little of the [GrammarMemory]: later there may be enough.
        MEMORY
    }

    private final Kind kind;
    private final String place;

    /// @param place where: a JSON pointer such as `#/properties/a`, `line:column`, or empty
    /// @param problem what was found and what was expected
    public GrammarException(Kind kind, String place, String problem) {
        super(place.isEmpty() ? problem : place + ": " + problem);
        this.kind = kind;
        this.place = place;
    }

    /// A feature that is not supported.
    public static GrammarException unsupported(String place, String feature) {
        return new GrammarException(Kind.UNSUPPORTED, place, feature + " is not supported");
    }

    /// A malformed text or schema.
    public static GrammarException invalid(String place, String problem) {
        return new GrammarException(Kind.INVALID, place, problem);
    }

    /// A limit that was reached.
    public static GrammarException limit(String what, long most) {
        return new GrammarException(Kind.LIMIT, "", "the grammar is too complex: it needs more than " + most + " "
                + what + "; simplify it");
    }

    public Kind kind() {
        return kind;
    }

    /// A JSON pointer such as `#/properties/a`, `line:column`, or empty.
    public String place() {
        return place;
    }
}
