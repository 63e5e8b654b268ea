package glia.text.tool;

/// Reads the calls of one section, from its opener on. After each call it commits the text.
sealed interface CallReader permits BraceReader, ElementReader, FunctionReader, MessageReader, NamedReader,
        ObjectReader, TaggedReader {
    /// Reads on until something is decided.
    ///
    /// @return whether there is more to read; false if the section is over
    ///
    /// @throws Incomplete if that depends on text that is still to come
    /// @throws Malformed if it is not a call
    boolean step();

    /// Whether what has been read so far may as well be ordinary text, so that it is no problem if it is.
    default boolean isGuess() {
        return false;
    }

    /// Interrupts the reading of a call until there is more text.
    static final class Incomplete extends RuntimeException {
        static final Incomplete INSTANCE = new Incomplete();
        private static final long serialVersionUID = 1;

        private Incomplete() {
            super("more text is needed", null, false, false);
        }
    }

    /// Ends the reading of a call.
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient ToolProblem.Kind kind;

        Malformed(ToolProblem.Kind kind, String message) {
            super(message, null, false, false);
            this.kind = kind;
        }

        ToolProblem.Kind kind() {
            return kind;
        }
    }
}
