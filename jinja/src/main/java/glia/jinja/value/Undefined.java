package glia.jinja.value;

/// The value of a missing variable, attribute or element. It prints as nothing, is false, is empty when iterated, and
/// fails in every other operation with a message that names the missing one.
public final class Undefined {
    private final String hint;
    private final Object owner;
    private final Object name;

    private Undefined(String hint, Object owner, Object name) {
        this.hint = hint;
        this.owner = owner;
        this.name = name;
    }

    /// A missing value with a message of its own.
    public static Undefined because(String hint) {
        return new Undefined(hint, null, null);
    }

    /// A variable that is in no scope.
    public static Undefined variable(String name) {
        return new Undefined(null, Values.ABSENT, name);
    }

    /// An attribute, key or index that `owner` does not have.
    public static Undefined member(Object owner, Object name) {
        return new Undefined(null, owner, name);
    }

    /// The message that names the missing value, in Jinja's words.
    public String message() {
        if (hint != null) {
            return hint;
        }
        if (owner == Values.ABSENT) {
            return "'" + name + "' is undefined";
        }
        String type = owner == null ? "None" : Types.name(owner) + " object";
        return name instanceof String || name instanceof TrustedText
                ? "'" + type + "' has no attribute '" + name + "'"
                : type + " has no element " + (name instanceof Number ? name : Types.name(name));
    }

    /// The error of using this value.
    public JinjaError error() {
        return new JinjaError(message());
    }
}
