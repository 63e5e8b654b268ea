package glia.model.spec;

/// Where a mixer stands in a model: its parameters and what a sequence remembers of it are found by this.
///
/// @param sublayer the index of its sublayer, or -1 for what belongs to the whole model
/// @param branch 0, or the number, from 1 on, of one of the mixers that run in parallel in the sublayer
public record Place(int sublayer, int branch) {
    /// Of the whole model.
    public static final Place WHOLE = new Place(-1, 0);

    /// A sublayer itself.
    public static Place of(int sublayer) {
        return new Place(sublayer, 0);
    }

    @Override
    public String toString() {
        return sublayer < 0 ? "the model" : "sublayer " + sublayer + (branch == 0 ? "" : ", branch " + branch);
    }
}
