package glia.kernels.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
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
        Set<String> flags = Set.of(said(info, "flags").split(" "));
        Processor processor = Processor.detect();
        for (Processor.Feature feature : Processor.Feature.values()) {
            assertEquals(flags.contains(feature.toString()), processor.has(feature), feature.toString());
        }
        assertEquals(said(info, "vendor_id"), processor.maker());
        assertEquals(said(info, "cpu family"), "" + processor.family());
    }

    @Test
    void firstCache() throws Exception {
        Path cache = Path.of("/sys/devices/system/cpu/cpu0/cache/index0");
        assumeTrue(Processor.platformObstacle().isEmpty() && Files.exists(cache), "nothing to compare with");
        assertEquals("1", value(cache, "level"));
        assertEquals("Data", value(cache, "type"));
        assertEquals(value(cache, "ways_of_associativity"), "" + Processor.detect().cacheWays());
    }

    private static String value(Path cache, String what) throws IOException {
        return Files.readString(cache.resolve(what)).strip();
    }

    private static String said(Path info, String what) throws IOException {
        String line = Files.readAllLines(info).stream().filter(l -> l.startsWith(what)).findFirst().orElseThrow();
        return line.substring(line.indexOf(':') + 1).strip();
    }

    @Test
    void designsAreDistinguished() {
        var none = EnumSet.noneOf(Processor.Feature.class);
        assertTrue(new Processor(none, "GenuineIntel", 6, 8).isIntel());
        assertTrue(new Processor(none, "AuthenticAMD", 26, 8).isZen5());
        assertFalse(new Processor(none, "AuthenticAMD", 25, 8).isZen5());
        assertFalse(new Processor(none, "GenuineIntel", 26, 8).isZen5());
        var bf16 = EnumSet.of(Processor.Feature.AVX512_BF16);
        assertTrue(new Processor(bf16, "AuthenticAMD", 25, 8).multipliesBf16Fast());
        assertFalse(new Processor(none, "AuthenticAMD", 25, 8).multipliesBf16Fast());
        assertFalse(new Processor(bf16, "GenuineIntel", 6, 8).multipliesBf16Fast());
    }

    private static List<IsaLevel> levels(Set<Processor.Feature> features) {
        return IsaLevel.of(new Processor(features, "AuthenticAMD", 25, 8));
    }

    @Test
    void levelsNeedSeveralFeaturesTogether() {
        var all = EnumSet.allOf(Processor.Feature.class);
        assertEquals(List.of(IsaLevel.values()), levels(all));
        for (var missing : EnumSet.of(Processor.Feature.AVX512BW, Processor.Feature.AVX512VL)) {
            assertEquals(List.of(IsaLevel.AVX_VNNI, IsaLevel.AVX2), levels(EnumSet.complementOf(EnumSet.of(missing))));
        }
        assertEquals(List.of(IsaLevel.AMX, IsaLevel.AVX512, IsaLevel.AVX2),
                levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.AVX_VNNI))));
        assertEquals(List.of(IsaLevel.AVX512, IsaLevel.AVX_VNNI, IsaLevel.AVX2),
                levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.AMX_BF16))));
        assertEquals(List.of(), levels(EnumSet.complementOf(EnumSet.of(Processor.Feature.FMA))));
        assertEquals(List.of(), levels(EnumSet.noneOf(Processor.Feature.class)));
    }
}
