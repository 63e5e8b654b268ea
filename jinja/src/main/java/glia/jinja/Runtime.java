package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;

/// What one rendering carries along: its budget, the scope it is in and the text it has made so far.
final class Runtime {
    private final Budget budget;
    private final int maxOutput;
    private final StringBuilder result = new StringBuilder();
    private StringBuilder out = result;
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

    /// Adds to the text.
    void write(String text) {
        budget.text(text.length());
        if (out.length() + (long) text.length() > maxOutput) {
            throw new JinjaError("the text rendered is longer than " + maxOutput + " characters");
        }
        out.append(text);
    }

    /// Starts to write elsewhere; returns where it was written so far.
    StringBuilder redirect(StringBuilder next) {
        StringBuilder left = out;
        out = next;
        return left;
    }

    /// What was rendered.
    String result() {
        return result.toString();
    }
}
