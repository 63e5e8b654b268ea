package glia.jinja.value;

/// An error in a template: in its syntax, in an operation on values, a limit exceeded, or its own `raise_exception`.
/// The statement in which it occurs adds the line; the caller adds the name of the template.
public final class JinjaError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /// Longer messages are cut: they may quote a string of any length.
    private static final int MAX_LENGTH = 2000;

    /// The message with all its characters; [#getMessage()] escapes control characters.
    private final String detail;
    /// Whether the template called `raise_exception`.
    private final boolean raised;
    /// The line, or 0.
    private int line;

    /// An error with a message, which may quote text of the template or of the conversation.
    ///
    /// @param message what was found and what was expected; cut after 2,000 characters
    public JinjaError(String message) {
        this(cut(message), false);
    }

    private JinjaError(String detail, boolean raised) {
        super(Text.visible(detail));
        this.detail = detail;
        this.raised = raised;
    }

    private static String cut(String message) {
        return message.length() <= MAX_LENGTH ? message : message.substring(0, MAX_LENGTH) + "…";
    }

    /// The error of a call of `raise_exception`.
    public static JinjaError raised(String message) {
        return new JinjaError(cut(message), true);
    }

    /// Sets the line, unless an inner statement has set it.
    public JinjaError at(int lineOfStatement) {
        if (line == 0) {
            line = lineOfStatement;
        }
        return this;
    }

    /// The message as it was given, with its control characters.
    public String detail() {
        return detail;
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
