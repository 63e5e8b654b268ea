package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/// Whether emitted code can run on this machine; tests of it are left out elsewhere, with the reason.
final class EmittedSubject {
    private EmittedSubject() { }

    static void assumeItRuns() {
        assumeTrue(Processor.platformObstacle().isEmpty(), () -> Processor.platformObstacle().orElseThrow());
        assumeTrue(Processor.detect().hasAvx512Vnni(), "the processor has no AVX-512 with VNNI");
    }
}
