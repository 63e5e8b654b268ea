package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProcessorTest {
    @Test
    void agreesWithTheSystem() throws Exception {
        Path info = Path.of("/proc/cpuinfo");
        assumeTrue(Processor.platformObstacle().isEmpty() && Files.exists(info), "nothing to compare with");
        String line = Files.readAllLines(info).stream().filter(l -> l.startsWith("flags")).findFirst().orElseThrow();
        Set<String> flags = Set.of(line.substring(line.indexOf(':') + 1).strip().split(" "));
        Processor processor = Processor.detect();
        for (Processor.Feature feature : Processor.Feature.values()) {
            assertEquals(flags.contains(feature.toString()), processor.has(feature), feature.toString());
        }
    }

    @Test
    void kernelsNeedSeveralFeaturesTogether() {
        var all = EnumSet.allOf(Processor.Feature.class);
        assertTrue(new Processor(all).hasAvx512Vnni() && new Processor(all).hasAvx2());
        for (var missing : EnumSet.of(Processor.Feature.AVX512BW, Processor.Feature.AVX512VL, Processor.Feature.FMA)) {
            var some = EnumSet.complementOf(EnumSet.of(missing));
            assertFalse(new Processor(some).hasAvx512Vnni(), missing.toString());
            assertEquals(missing != Processor.Feature.FMA, new Processor(some).hasAvx2(), missing.toString());
        }
        assertFalse(new Processor(EnumSet.noneOf(Processor.Feature.class)).hasAvx2());
    }
}
