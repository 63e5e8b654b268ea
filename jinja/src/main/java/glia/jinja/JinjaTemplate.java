package glia.jinja;

import glia.jinja.syntax.Body;
import glia.jinja.syntax.Parser;
import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TrustedText;

import java.time.LocalDateTime;
import java.util.Map;
import java.util.function.Supplier;

/// A template in the subset of Jinja that chat templates use. It holds no state: any number of threads can render it.
public final class JinjaTemplate {
    private final Body body;

    private JinjaTemplate(Body body) {
        this.body = body;
    }

    /// Parses a template.
    ///
    /// @throws JinjaError where the source is not one
    public static JinjaTemplate parse(String source) {
        return new JinjaTemplate(Parser.parse(source));
    }

    /// Renders it. What the template itself wrote is trusted in the result, and what comes from variables is not,
    /// unless they hold it as [TrustedText].
    ///
    /// @param variables values of null, booleans, numbers, strings, trusted texts, lists and maps
    /// @param now the time that `strftime_now` tells
    /// @param maxOutput the most characters of text
    /// @throws JinjaError where the rendering fails, or its budget does not suffice
    public TrustedText render(Map<String, ?> variables, Supplier<LocalDateTime> now, Budget budget, int maxOutput) {
        Scope scope = new Scope(Globals.scope(now), Inputs.variables(variables, budget));
        scope.hide(body.frame());
        Runtime runtime = new Runtime(budget, maxOutput, scope);
        new Interpreter(runtime).execute(body.statements());
        return runtime.result();
    }
}
