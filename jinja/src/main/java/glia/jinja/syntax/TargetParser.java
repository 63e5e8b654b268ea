package glia.jinja.syntax;

import java.util.ArrayList;
import java.util.List;

/// Parses the targets of assignments: `a`, `a, b`, `(a, (b, c))`, `namespace.a`.
final class TargetParser {
    private final Tokens tokens;
    private boolean inLoop;

    TargetParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /// Whether a `for` is open, in which `loop` is not to be assigned to.
    void inLoop(boolean inside) {
        inLoop = inside;
    }

    /// A target.
    ///
    /// @param members whether it may be an attribute of a namespace
    Target target(boolean members) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            targets.add(single(members));
            several |= tokens.current().is(",");
        } while (tokens.skip(",") && !tokens.current().is(")"));
        return several ? new Target.Several(targets) : targets.getFirst();
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
        boolean reserved = switch (name) {
            case "true", "false", "none", "True", "False", "None" -> true;
            case "loop" -> inLoop;
            default -> false;
        };
        if (reserved) {
            throw tokens.error("cannot assign to '" + name + "' here");
        }
        return name;
    }
}
