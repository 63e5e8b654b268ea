package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.List;

/// The state of one rendering: its budget, the current scope and the text written so far.
final class Runtime {
    /// Two boxed numbers in a growing list.
    private static final int SPAN_BYTES = 64;

    private final Budget budget;
    private final long maxOutput;
    private final TextBuilder result;
    private TextBuilder out;
    private Scope scope;
    /// Starts and ends of what `generation` blocks wrote.
    private final List<Integer> generated = new ArrayList<>();

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

    /// The length of the rendered text so far; -1 while something else is written, such as the text of a macro.
    int written() {
        return out == result ? result.length() : -1;
    }

    /// Notes that a `generation` block has written all from `start` on. One that did not write to the rendered text is
    /// left out: it is not known where its text will be.
    void generated(int start) {
        if (start >= 0 && result.length() > start) {
            budget.bytes(SPAN_BYTES);
            generated.add(start);
            generated.add(result.length());
        }
    }

    /// Starts and ends of what `generation` blocks wrote into the rendered text.
    int[] generated() {
        return generated.stream().mapToInt(Integer::intValue).toArray();
    }

    /// The rendered text.
    TrustedText result() {
        return result.whole();
    }
}
