package glia.jinja.syntax;

import java.util.List;

/// The arguments of a call, filter or test as written: `(a, b, *more, name=c, **rest)`.
///
/// @param more at most one expression
/// @param rest at most one expression
public record CallArguments(List<Expr> positional, List<String> names, List<Expr> named, List<Expr> more,
        List<Expr> rest) {
    /// No arguments.
    public static final CallArguments NONE =
            new CallArguments(List.of(), List.of(), List.of(), List.of(), List.of());

    /// Arguments by position only.
    public static CallArguments of(List<Expr> positional) {
        return new CallArguments(positional, List.of(), List.of(), List.of(), List.of());
    }
}
