package glia.engine.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.hub.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PackingProgressTest {
    private final List<String> reports = new ArrayList<>();
    private final AtomicLong millis = new AtomicLong();
    private final Progress progress = new Progress() {
        @Override
        public void step(String oneLine) {
            reports.add("step");
        }

        @Override
        public void advance(String what, long doneBytes, long totalBytes) {
            reports.add(what + " " + doneBytes + "/" + totalBytes);
        }
    };

    private PackingProgress packing() {
        return new PackingProgress(progress, 100, () -> 1_000_000 * millis.get());
    }

    @Test
    void saysNothingWithinASecond() {
        PackingProgress packing = packing();
        for (long at : new long[] {0, 500, 999}) {
            millis.set(at);
            packing.accept(10);
        }
        packing.end();
        assertEquals(List.of(), reports);
    }

    @Test
    void tellsTenTimesASecondFromThenOn() {
        PackingProgress packing = packing();
        for (long at : new long[] {900, 1000, 1050, 1099, 1100, 1150, 1300}) {
            millis.set(at);
            packing.accept(20);
        }
        packing.end();
        assertEquals(List.of("step", "weights 40/100", "weights 100/100", "weights 100/100", "weights 100/100"),
                reports);
    }
}
