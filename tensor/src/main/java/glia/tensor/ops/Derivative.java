package glia.tensor.ops;

import glia.tensor.kernel.Activation;

/// Activations and their derivatives at one point, in double precision.
final class Derivative {
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    private Derivative() { }

    /// `f(x)`.
    static double value(Activation f, double x) {
        return switch (f) {
            case SILU -> x * sigmoid(x);
            case GELU -> x * normalCdf(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x)));
            case RELU -> Math.max(0, x);
            case RELU_SQUARED -> x > 0 ? x * x : 0;
        };
    }

    /// `f'(x)`.
    static double of(Activation f, double x) {
        return switch (f) {
            case SILU -> {
                double s = sigmoid(x);
                yield s * (1 + x * (1 - s));
            }
            case GELU -> normalCdf(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            case GELU_TANH -> {
                double t = Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x));
                yield 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x);
            }
            case RELU -> x > 0 ? 1 : 0;
            case RELU_SQUARED -> x > 0 ? 2 * x : 0;
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// `Φ(x)`, by its series near 0 and its continued fraction in the tails.
    private static double normalCdf(double x) {
        double a = Math.abs(x);
        if (a > 38) {
            return x > 0 ? 1 : 0;
        }
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        if (a > 5) {
            double fraction = a;
            for (int k = 60; k > 0; k--) {
                fraction = a + k / fraction;
            }
            double tail = density / fraction;
            return x > 0 ? 1 - tail : tail;
        }
        double term = x;
        double sum = x;
        for (int k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return 0.5 + density * sum;
    }
}
