package glia.model.spec;

/// The position of a mixer in a model, by which its parameters and caches are found.
///
/// @param sublayer the index of its sublayer, or -1 for the whole model, -2 and below for the whole of a tower
/// @param branch 0, or the number, from 1 on, of a parallel branch
public record Place(int sublayer, int branch) {
    /// The whole model.
    public static final Place WHOLE = new Place(-1, 0);

    /// A sublayer.
    public static Place of(int sublayer) {
        return new Place(sublayer, 0);
    }

    @Override
    public String toString() {
        return sublayer < -1 ? "tower " + (-2 - sublayer) + (branch == 0 ? "" : ", step " + branch)
                : sublayer < 0 ? "the model" : "sublayer " + sublayer + (branch == 0 ? "" : ", branch " + branch);
    }
}
