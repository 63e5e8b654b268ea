package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OptimizerBandwidthTest {
    /// Where all kernels take 1, 2, 4 … µs: the medians of the bytes that each moves.
    @Test
    void bytesOfAllKernelsAreCounted() {
        AtomicLong calls = new AtomicLong();
        AtomicLong time = new AtomicLong();
        OptimizerBandwidth.Result rates = OptimizerBandwidth.measure("best", 100_000, 3, () -> {
            long call = calls.getAndIncrement();
            // Two calls each of four kernels a round, of which two rounds warm up.
            return call % 2 == 0 ? time.get() : time.addAndGet(1000L << call / 8);
        });
        assertEquals(new OptimizerBandwidth.Result(150, 350, 50, 50), rates);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        OptimizerBandwidth.print(rates, new PrintStream(bytes, true, StandardCharsets.UTF_8));
        assertEquals("triad 150.0 GB/s, AdamW 350.0 GB/s (233 % of it), sum of squares 50.0 GB/s, zeroing 50.0 GB/s",
                bytes.toString(StandardCharsets.UTF_8).strip());
    }
}
