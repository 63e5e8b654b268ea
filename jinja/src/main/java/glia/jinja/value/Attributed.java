package glia.jinja.value;

/// A value with attributes of its own, such as a namespace, a loop or a macro.
public interface Attributed {
    /// The attribute's value, or [Values#ABSENT].
    Object attribute(String name, Budget budget);

    /// What Python would call its class, for messages.
    String typeName();
}
