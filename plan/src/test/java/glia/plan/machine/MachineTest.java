package glia.plan.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.plan.machine.Machine.Fitting;
import glia.plan.machine.Machine.FormatRate;
import glia.tensor.DType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What is shown of a machine whose rates are given: 20 GB/s and 24 GB.
class MachineTest {
    private static final Machine MACHINE = new Machine(4, 24_000_000_000L, Stream.of(DType.BF16, DType.Q8_0, DType.Q4_K,
            DType.Q4_0).map(type -> new FormatRate(type, 20e9, 200e9, 200e9)).toList());

    private static Fitting fitting(String id) {
        return MACHINE.fitting((Disclosed) Catalogue.load().find(id).getFirst()).orElseThrow();
    }

    /// By hand: in BF16, 0.6 billion parameters are 1.2 GB, read 17 times a second; 3.2 billion are 6.4 GB, 3 times,
    /// but 5.9 times with 8.5 bits; 8 billion with 4.5 bits are read 4.4 times.
    @Test
    void theFormatIsTheLargestThatIsFastEnough() {
        assertEquals(DType.BF16, fitting("qwen3-0.6b").type());
        assertEquals(DType.Q8_0, fitting("llama-3.2-3b").type());
        Fitting slow = fitting("llama-3.1-8b");
        assertEquals(DType.Q4_K, slow.type());
        assertTrue(slow.single() < Machine.USEFUL, slow::toString);
        assertTrue(MACHINE.fitting((Disclosed) Catalogue.load().find("deepseek-v3").getFirst()).isEmpty());
    }

    @Test
    void whatIsFastEnoughComesFirst() {
        List<Fitting> all = MACHINE.fitting(Catalogue.load());
        int fast = (int) all.stream().takeWhile(f -> f.single() >= Machine.USEFUL).count();
        assertTrue(fast > 5 && fast < all.size() - 5);
        for (int i = 1; i < all.size(); i++) {
            assertTrue(i < fast ? all.get(i).parameters() <= all.get(i - 1).parameters() : i == fast
                    || all.get(i).single() <= all.get(i - 1).single() && all.get(i).single() < Machine.USEFUL,
                    all.get(i).toString());
        }
    }
}
