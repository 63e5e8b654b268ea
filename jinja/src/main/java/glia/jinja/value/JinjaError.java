package glia.jinja.value;

/// What goes wrong in a template: in its syntax, in an operation on values, against a limit, or by its own
/// `raise_exception`. It knows its line once a statement has let it pass; the template's name is added outside.
public final class JinjaError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean raised;
    private int line;

    public JinjaError(String message) {
        this(message, false);
    }

    private JinjaError(String message, boolean raised) {
        super(message);
        this.raised = raised;
    }

    /// The error a template asks for itself; its message is meant for the user as it stands.
    public static JinjaError raised(String message) {
        return new JinjaError(message, true);
    }

    /// Gives the error its line, unless an inner statement has done so.
    public JinjaError at(int lineOfStatement) {
        if (line == 0) {
            line = lineOfStatement;
        }
        return this;
    }

    /// The line, counted from 1, or 0 where it is not known.
    public int line() {
        return line;
    }

    /// Whether the template called `raise_exception`.
    public boolean isRaised() {
        return raised;
    }
}
