package glia.kernels.emitted;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.kernels.code.IsaLevel;
import java.util.Optional;

/// Whether emitted code can run on this machine; otherwise its tests are skipped, with the reason.
public final class EmittedKernelsUnderTest {
    private EmittedKernelsUnderTest() { }

    public static void assumeItRuns() {
        assumeItRuns(IsaLevel.AVX2);
    }

    public static void assumeItRuns(IsaLevel level) {
        Optional<String> obstacle = EmittedKernels.obstacle(level);
        assumeTrue(obstacle.isEmpty(), () -> obstacle.orElseThrow());
    }
}
