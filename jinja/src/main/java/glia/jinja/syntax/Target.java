package glia.jinja.syntax;

import java.util.List;

/// The target of an assignment.
public sealed interface Target {
    /// A variable.
    record Variable(String name) implements Target {
    }

    /// An attribute of a namespace.
    record Member(String namespace, String name) implements Target {
    }

    /// Several targets that the elements of one value are assigned to.
    record Several(List<Target> targets) implements Target {
    }
}
