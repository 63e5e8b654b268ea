package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;

/// What one rendering carries along: its budget, the scope it is in and the text it has made so far.
final class Runtime {
    private final Budget budget;
    private final int maxOutput;
    private final TextBuilder result = new TextBuilder();
    private TextBuilder out = result;
    private Scope scope;

    Runtime(Budget budget, int maxOutput, Scope scope) {
        this.budget = budget;
        this.maxOutput = maxOutput;
        this.scope = scope;
    }

    Budget budget() {
        return budget;
    }

    Scope scope() {
        return scope;
    }

    /// Changes to another scope; returns the one left.
    Scope enter(Scope next) {
        Scope left = scope;
        scope = next;
        return left;
    }

    /// Adds a string value to the text.
    void write(Object text) {
        int length = text.toString().length();
        budget.text(length);
        if (out.length() + (long) length > maxOutput) {
            throw new JinjaError("the text rendered is longer than " + maxOutput + " characters");
        }
        out.append(text);
    }

    /// Starts to write elsewhere; returns where it was written so far.
    TextBuilder redirect(TextBuilder next) {
        TextBuilder left = out;
        out = next;
        return left;
    }

    /// What was rendered.
    TrustedText result() {
        return result.whole();
    }
}
