package glia.text.jinja.syntax;

import java.util.ArrayList;
import java.util.List;

/// Parses what values are assigned to: `a`, `a, b`, `(a, (b, c))`, `namespace.a`.
final class TargetParser {
    private final Tokens tokens;

    TargetParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /// A target.
    ///
    /// @param members whether it may be an attribute of a namespace
    Target target(boolean members) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            if (!targets.isEmpty() && isEnd()) {
                break;
            }
            targets.add(single(members));
            several |= tokens.current().is(",");
        } while (tokens.skip(","));
        return several ? new Target.Several(targets) : targets.getFirst();
    }

    private boolean isEnd() {
        Token token = tokens.current();
        return token.isName("in") || token.is("=") || token.is(")") || token.kind() == Token.Kind.BLOCK_END;
    }

    private Target single(boolean members) {
        if (tokens.skip("(")) {
            tokens.enter();
            Target inner = target(false);
            tokens.exit();
            tokens.expect(")");
            return inner;
        }
        String name = variable();
        if (members && tokens.skip(".")) {
            return new Target.Member(name, tokens.expect(Token.Kind.NAME, "a name").text());
        }
        return new Target.Variable(name);
    }

    /// The name of a variable.
    String variable() {
        String name = tokens.expect(Token.Kind.NAME, "a name to assign to").text();
        switch (name) {
            case "true", "false", "none", "True", "False", "None" ->
                throw tokens.error("cannot assign to '" + name + "'");
            default -> {
                return name;
            }
        }
    }
}
