package glia.jinja;

import glia.jinja.syntax.Parser;
import glia.jinja.syntax.Stmt.Body;
import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TrustedText;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.function.Supplier;

/// A template in the subset of Jinja that chat templates use. It has no state: any number of threads can render it.
public final class JinjaTemplate {
    private final Body body;

    private JinjaTemplate(Body body) {
        this.body = body;
    }

    /// Parses a template.
    ///
    /// @throws JinjaError where the source is no valid template
    public static JinjaTemplate parse(String source) {
        try {
            return new JinjaTemplate(Parser.parse(source));
        } catch (StackOverflowError e) {
            throw stackOverflow();
        }
    }

    /// Renders the template. In the result the template's own text is trusted, text from variables is not, unless they
    /// hold it as [TrustedText].
    ///
    /// @param variables values of null, booleans, numbers, strings, trusted texts, lists and maps
    /// @param now the clock of `strftime_now`
    /// @param budget the limits for a small input; they grow with the variables, see [Budget#grow]
    /// @param maxOutput the most characters of text for a small input; it grows likewise
    /// @throws JinjaError where the rendering fails or exceeds its budget
    public TrustedText render(Map<String, ?> variables, Supplier<LocalDateTime> now, Budget budget, long maxOutput) {
        return renderMarked(variables, now, budget, maxOutput).text();
    }

    /// A rendered text.
    ///
    /// @param generated starts and ends of what `generation` blocks wrote, in UTF-16 units: start, end, start, end, …
    ///     Those inside of macros and of other blocks whose text is captured are left out
    public record Marked(TrustedText text, int[] generated) { }

    /// The same, with what `generation` blocks wrote.
    public Marked renderMarked(Map<String, ?> variables, Supplier<LocalDateTime> now, Budget budget, long maxOutput) {
        Scope scope = new Scope(Globals.scope(now), Inputs.variables(variables, budget));
        scope.hide(body.frame(), budget);
        Runtime runtime = new Runtime(budget, budget.grown(maxOutput), scope);
        try {
            new Interpreter(runtime).execute(body.statements());
        } catch (StackOverflowError e) {
            throw stackOverflow();
        }
        return new Marked(runtime.result(), runtime.generated());
    }

    /// The limits on depth fit a stack of 640 KiB; a thread may have less, or have used it up.
    private static JinjaError stackOverflow() {
        return new JinjaError("nested too deeply for the stack of this thread; expected at least 640 KiB free: use a "
                + "thread with a larger stack, or lower the limit 'depth'");
    }
}
