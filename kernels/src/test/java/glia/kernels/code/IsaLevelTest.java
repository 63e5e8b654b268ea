package glia.kernels.code;

import glia.kernels.emitted.EmittedKernelsUnderTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Tests that run once for each instruction-set level; unsupported levels are skipped, with the reason.
@ParameterizedClass
@EnumSource(IsaLevel.class)
public abstract class IsaLevelTest {
    @Parameter
    public IsaLevel level;

    @BeforeEach
    void levelRunsHere() {
        EmittedKernelsUnderTest.assumeItRuns(level);
    }
}
