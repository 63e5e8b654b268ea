package glia.lab.check;

/// The result of one comparison with the reference.
///
/// @param what what was compared
/// @param difference the largest difference found
/// @param tolerance the largest that passes
/// @param detail where the largest difference is, or what else a reader should know; may be empty
public record CheckLine(String what, double difference, double tolerance, String detail) {
    /// A difference that is not a number does not pass.
    public boolean passed() {
        return difference <= tolerance;
    }
}
