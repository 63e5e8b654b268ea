package glia.text.template;

import glia.jinja.value.JinjaError;
import glia.jinja.value.Text;

/// A chat template cannot be read, parsed or rendered.
///
/// The message names the template and the line, and says what was found and what was expected. Where the template
/// itself refused the conversation (`raise_exception`), the message is the template's. Characters that a terminal does
/// not print are escaped in the message, since it may quote the template or the conversation; [#detail()] has them.
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// The template's name.
    private final String template;
    /// The line, from 1; 0 where there is none.
    private final int line;
    /// The message without the place.
    private final String detail;
    /// Whether the template called `raise_exception`.
    private final boolean raised;

    TemplateException(String template, JinjaError error) {
        super(error.isRaised() ? error.getMessage()
                : Text.visible(place(template, error.line())) + ": " + error.getMessage(), error);
        this.template = template;
        this.line = error.line();
        this.detail = error.detail();
        this.raised = error.isRaised();
    }

    TemplateException(String template, String detail, Throwable cause) {
        super(Text.visible(template + ": " + detail), cause);
        this.template = template;
        this.line = 0;
        this.detail = detail;
        this.raised = false;
    }

    private static String place(String template, int line) {
        return line == 0 ? template : template + ":" + line;
    }

    /// The template's name.
    public String template() {
        return template;
    }

    /// The line, counted from 1, or 0 where the error has none.
    public int line() {
        return line;
    }

    /// The message without the template's name and the line; of `raise_exception` word for word.
    public String detail() {
        return detail;
    }

    /// Whether the template itself refused the conversation, by `raise_exception`.
    public boolean isRaised() {
        return raised;
    }
}
