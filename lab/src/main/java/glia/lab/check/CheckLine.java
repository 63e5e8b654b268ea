package glia.lab.check;

/// The result of one comparison with the reference.
///
/// @param what the quantity compared
/// @param difference the largest difference
/// @param tolerance the largest difference that passes
/// @param detail the place of the largest difference, or another remark; may be empty
public record CheckLine(String what, double difference, double tolerance, String detail) {
    /// A difference that is not a number does not pass.
    public boolean passed() {
        return difference <= tolerance;
    }
}
