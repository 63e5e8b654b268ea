package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.kernel.Activation.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ActivationTest {
    @ParameterizedTest
    @EnumSource
    void derivativeMatchesFiniteDifferences(Activation f) {
        double h = 1e-5;
        for (double x = -9.99; x < 10; x += 0.0173) {
            if (Math.abs(x) > h) {
                double difference = (f.value(x + h) - f.value(x - h)) / (2 * h);
                assertEquals(difference, f.derivative(x), 1e-8 * (1 + Math.abs(difference)), f + " at " + x);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TANH")
    void farOutActivationsAreZeroOrTheIdentity(Activation f) {
        for (double x : new double[] {40, 1e3, 1e10}) {
            assertEquals(0, f.value(-x), 1e-12);
            assertEquals(0, f.derivative(-x), 1e-12);
            boolean squared = f == Activation.RELU_SQUARED;
            assertEquals(squared ? x * x : x, f.value(x));
            assertEquals(squared ? 2 * x : 1, f.derivative(x));
        }
        assertEquals(Double.NaN, f.value(Double.NaN));
    }

    @Test
    void tanhSaturates() {
        assertEquals(1, Activation.TANH.value(40));
        assertEquals(-1, Activation.TANH.value(-1e10));
        assertEquals(0, Activation.TANH.derivative(-40), 1e-12);
    }

    /// Values of the normal distribution from tables of 16 digits.
    @Test
    void normalDistributionEqualsTables() {
        double[][] table = {
            {0, 0.5}, {0.5, 0.6914624612740131}, {1, 0.8413447460685429}, {-1, 0.15865525393145705},
            {2, 0.9772498680518208}, {-3, 0.0013498980316300933}, {-5, 2.866515718791939e-07},
            {-7, 1.279812543885835e-12}, {9, 1}, {-9, 0}, {1.96, 0.9750021048517795}
        };
        for (double[] row : table) {
            assertEquals(row[1], NormalDistribution.cdf(row[0]), 1e-14, "at " + row[0]);
        }
        assertEquals(0.24197072451914337, NormalDistribution.density(1), 1e-16);
        assertEquals(Double.NaN, NormalDistribution.cdf(Double.NaN));
    }
}
