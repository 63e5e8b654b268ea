package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
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
        assertEquals(Files.readString(info).contains("GenuineIntel"), processor.isIntel());
    }

    private static List<Level> levels(Set<Processor.Feature> features) {
        return Level.of(new Processor(features, false));
    }

    @Test
    void levelsNeedSeveralFeaturesTogether() {
        var all = EnumSet.allOf(Processor.Feature.class);
        assertEquals(List.of(Level.values()), levels(all));
        for (var missing : EnumSet.of(Processor.Feature.AVX512BW, Processor.Feature.AVX512VL)) {
            assertEquals(List.of(Level.AVX_VNNI, Level.AVX2), levels(EnumSet.complementOf(EnumSet.of(missing))));
        }
        assertEquals(List.of(Level.AMX, Level.AVX512, Level.AVX2),
                levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.AVX_VNNI))));
        assertEquals(List.of(Level.AVX512, Level.AVX_VNNI, Level.AVX2),
                levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.AMX_BF16))));
        assertEquals(List.of(), levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.FMA))));
        assertEquals(List.of(), levels(EnumSet.noneOf(Processor.Feature.class)));
    }
}
