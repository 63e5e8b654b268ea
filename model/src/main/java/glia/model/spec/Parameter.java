package glia.model.spec;

/// The name of a parameter inside Glia.
///
/// @param sublayer the index of its sublayer, or -1 for those of the whole model
public record Parameter(int sublayer, Role role) {
    /// A parameter of the whole model.
    public static Parameter of(Role role) {
        return new Parameter(-1, role);
    }

    @Override
    public String toString() {
        return sublayer < 0 ? role.toString() : role + " of sublayer " + sublayer;
    }
}
