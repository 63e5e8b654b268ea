package glia.jinja.value;

/// A value that a template can call: a macro, a global function, a method bound to its object. All of them are the
/// interpreter's own.
public interface Callable {
    /// Calls it.
    ///
    /// @throws JinjaError where the arguments do not fit or the call fails
    Object call(Arguments arguments, Budget budget);
}
