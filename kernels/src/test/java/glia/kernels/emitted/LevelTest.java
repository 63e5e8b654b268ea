package glia.kernels.emitted;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Tests that run once for each level; levels that the processor lacks are left out, with the reason.
@ParameterizedClass
@EnumSource(Level.class)
abstract class LevelTest {
    @Parameter
    Level level;

    @BeforeEach
    void levelRunsHere() {
        EmittedSubject.assumeItRuns(level);
    }
}
