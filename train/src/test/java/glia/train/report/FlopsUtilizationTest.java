package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import org.junit.jupiter.api.Test;

class FlopsUtilizationTest {
    @Test
    void theShareIsThatOfThePeak() {
        assertEquals(0.5, new FlopsUtilization(2e6, 4e9).at(1000), 1e-12);
    }

    /// Between 0.05 and 1,000,000 GFLOP/s.
    @Test
    void thePeakIsPlausible() {
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            for (boolean bf16 : new boolean[] {false, true}) {
                double peak = FlopsUtilization.peak(kernels, bf16);
                assertTrue(peak > 5e7 && peak < 1e15, peak + " FLOP/s");
            }
        }
    }
}
