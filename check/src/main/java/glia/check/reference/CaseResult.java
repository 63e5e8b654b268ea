package glia.check.reference;

/// The result of one case: the largest difference from the reference among all of its quantities, as a share of the
/// tolerance of each.
///
/// @param id the case's name within its group
/// @param quantity the result with the largest share, such as `loss` or `grad_logp`
/// @param difference its difference from the reference, in the measure of the tolerance
/// @param tolerance the largest difference that passes
/// @param error why the case could not be run, empty if it was
public record CaseResult(String id, String quantity, double difference, double tolerance, String error) {
    /// A case that was computed.
    public static CaseResult of(String id, String quantity, double difference, double tolerance) {
        return new CaseResult(id, quantity, difference, tolerance, "");
    }

    /// A case that could not be computed.
    public static CaseResult failed(String id, String error) {
        return new CaseResult(id, "", Double.NaN, 0, error);
    }

    /// Whether the case was computed and lies within the tolerance.
    public boolean passes() {
        return error.isEmpty() && difference <= tolerance;
    }
}
