package glia.tensor.kernel;

/// What every set of kernels must hold: a subclass says which set. All laws compare with plain computations in F64
/// that are written in the tests, on shapes with awkward sizes and tensors at odd addresses.
public abstract class KernelLaws
        implements ProductLaws, ProductListLaws, CodedLaws, RowLaws, PointwiseLaws, AttentionLaws, LogitLaws {
    /// Laws hold for sets in any package.
    protected KernelLaws() { }
}
