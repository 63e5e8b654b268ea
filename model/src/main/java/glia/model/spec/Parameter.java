package glia.model.spec;

/// The name of a parameter inside Glia.
///
/// @param place of the mixer or norm that it belongs to
/// @param expert which of the mixer's experts it belongs to, or -1
public record Parameter(Place place, Role role, int expert) {
    /// A parameter of no single expert.
    public Parameter(Place place, Role role) {
        this(place, role, -1);
    }

    /// A parameter of the whole model.
    public static Parameter of(Role role) {
        return new Parameter(Place.WHOLE, role);
    }

    /// The index of its sublayer, or -1.
    public int sublayer() {
        return place.sublayer();
    }

    @Override
    public String toString() {
        return place == Place.WHOLE ? role.toString() : role + (expert < 0 ? "" : " of expert " + expert) + " of "
                + place;
    }
}
