package glia.jinja.syntax;

import java.util.List;

/// The statements of a block with variables of its own.
public record Body(List<Stmt> statements, Frame frame) {
}
