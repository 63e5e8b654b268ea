package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class OptimizerBandwidthTest {
    @Test
    void measuresAllKernels() {
        OptimizerBandwidth.Result rates = OptimizerBandwidth.measure("best", 100_000, 3);
        assertTrue(rates.triad() > 0 && rates.adam() > 0 && rates.squares() > 0 && rates.zero() > 0, "" + rates);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        OptimizerBandwidth.print(rates, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        assertTrue(bytes.toString(StandardCharsets.UTF_8).matches("(?s)triad [\\d.]+ GB/s, AdamW .*zeroing.*GB/s\\R"));
    }
}
