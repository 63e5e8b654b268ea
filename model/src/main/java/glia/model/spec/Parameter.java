package glia.model.spec;

/// The identifier of a parameter.
///
/// @param place the mixer or norm that it belongs to
/// @param expert the index of the expert that it belongs to, or -1
public record Parameter(Place place, Role role, int expert) {
    /// A parameter that belongs to no expert.
    public Parameter(Place place, Role role) {
        this(place, role, -1);
    }

    /// A parameter of the whole model.
    public static Parameter of(Role role) {
        return new Parameter(Place.WHOLE, role);
    }

    /// The index of its sublayer, or -1 for a parameter of the whole model.
    public int sublayer() {
        return place.sublayer();
    }

    @Override
    public String toString() {
        return place == Place.WHOLE ? role.toString() : role + (expert < 0 ? "" : " of expert " + expert) + " of "
                + place;
    }
}
