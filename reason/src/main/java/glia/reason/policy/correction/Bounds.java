package glia.reason.policy.correction;

/// Bounds as verl writes them: an upper one such as `2.0`, or both such as `0.8_1.2`.
final class Bounds {
    private Bounds() { }

    /// One or two positive numbers.
    ///
    /// @throws IllegalArgumentException if the text is something else
    static double[] parse(String text) {
        String[] parts = text.strip().split("_", -1);
        double[] bounds = new double[parts.length];
        boolean fits = parts.length <= 2;
        for (int i = 0; i < parts.length && fits; i++) {
            try {
                bounds[i] = Double.parseDouble(parts[i]);
                fits = bounds[i] > 0 && Double.isFinite(bounds[i]);
            } catch (NumberFormatException e) {
                fits = false;
            }
        }
        if (!fits) {
            throw new IllegalArgumentException("bound: found \"" + text
                    + "\", expected a positive number such as 2.0, or two such as 0.8_1.2");
        }
        return bounds;
    }
}
