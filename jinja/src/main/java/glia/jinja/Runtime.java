package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;

/// The state of one rendering: its budget, the current scope and the text written so far.
final class Runtime {
    private final Budget budget;
    private final long maxOutput;
    private final TextBuilder result;
    private TextBuilder out;
    private Scope scope;

    Runtime(Budget budget, long maxOutput, Scope scope) {
        this.budget = budget;
        this.maxOutput = maxOutput;
        this.scope = scope;
        this.result = new TextBuilder(budget);
        this.out = result;
    }

    Budget budget() {
        return budget;
    }

    Scope scope() {
        return scope;
    }

    /// Changes to another scope; returns the previous one.
    Scope enter(Scope next) {
        Scope left = scope;
        scope = next;
        return left;
    }

    /// Adds a string value to the text.
    void write(Object text) {
        if (out.length() + (long) text.toString().length() > maxOutput) {
            throw new JinjaError("the rendered text has more than " + maxOutput + " characters; correct the template, "
                    + "shorten the conversation or raise the limit 'outputCharacters'");
        }
        out.append(text);
    }

    /// Writes to another text from now on; returns the previous one.
    TextBuilder redirect(TextBuilder next) {
        TextBuilder left = out;
        out = next;
        return left;
    }

    /// The rendered text.
    TrustedText result() {
        return result.whole();
    }
}
