package glia.plan.choose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.spec.ModelSpec;
import glia.plan.choose.TrainingPlan.Layout;
import glia.plan.choose.TrainingPlan.Method;
import glia.plan.choose.TrainingPlan.Task;
import glia.plan.data.Devices;
import glia.plan.predict.Effects;
import glia.plan.predict.Training.Recompute;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Laws of plans for training.
class TrainingPlanTest {
    private static final ModelSpec LLAMA = ((Disclosed) Catalogue.load().find("llama-3.1-8b").getFirst()).validSpec();

    private static List<Layout> plan(Method method, int devices, String device, String precision) {
        return TrainingPlan.of(new Task(LLAMA, 1e9, 8192, method, precision, Devices.known().get(device), devices, 2),
                Effects.fitted());
    }

    /// By hand: 8.03 billion parameters, 2 bytes of weights and gradients, 12 of the optimizer over 8 replicas.
    @Test
    void memoryIsCounted() {
        Layout zero1 = plan(Method.FULL, 8, "H100 SXM 80GB", "BF16").stream().filter(l -> l.tensor() == 1
                && l.pipeline() == 1 && l.zero() == 1 && l.microBatch() == 1 && l.recompute() == Recompute.FULL)
                .findFirst().orElseThrow();
        double n = 8_030_261_248.0;
        assertEquals(2 * n, zero1.memory().get("weights"));
        assertEquals(2 * n, zero1.memory().get("gradients"));
        assertEquals(12 * n / 8, zero1.memory().get("optimizer"));
        double rows = 8192.0 * 4096;
        assertEquals(32 * 2 * rows + 34 * rows, zero1.memory().get("activations"));
        assertEquals(1e9 / zero1.tokensPerSecond() / 8 / 86_400, zero1.days(), 1e-9);
        assertEquals(zero1.days() * 24 * 8 * 2, zero1.dollars(), 1e-6);
    }

    @Test
    void everyLayoutFitsAndTheFastestIsFirst() {
        double before = Double.MAX_VALUE;
        for (int devices : new int[] {8, 16, 64}) {
            List<Layout> layouts = plan(Method.FULL, devices, "H100 SXM 80GB", "BF16");
            layouts.forEach(l -> assertTrue(l.bytes() <= 0.9 * 80e9 && l.tensor() * l.pipeline() * l.replicas()
                    == devices && l.days() >= layouts.getFirst().days(), l.toString()));
            assertTrue(layouts.getFirst().days() < before, "more devices never take longer");
            before = layouts.getFirst().days();
        }
    }

    @Test
    void ofEquallyFastLayoutsTheLowerStageIsFirst() {
        List<Layout> layouts = plan(Method.FULL, 64, "H200 SXM 141GB", "BF16");
        layouts.stream().filter(l -> l.zero() == 3).forEach(l -> assertTrue(layouts.stream().filter(o -> o.zero() < 3
                && o.tensor() == l.tensor() && o.pipeline() == l.pipeline() && o.microBatch() == l.microBatch()
                && o.recompute() == l.recompute()).allMatch(o -> o.days() <= l.days()
                && layouts.indexOf(o) < layouts.indexOf(l)), l.toString()));
    }

    @Test
    void adaptersNeedLessAndRolloutsMore() {
        assertEquals(List.of(), plan(Method.FULL, 1, "RTX A6000", "BF16"));
        assertTrue(plan(Method.LORA, 1, "RTX A6000", "BF16").getFirst().bytes() < 48e9);
        double full = plan(Method.FULL, 8, "H100 SXM 80GB", "BF16").getFirst().days();
        assertTrue(plan(Method.LORA, 8, "H100 SXM 80GB", "BF16").getFirst().days() < full);
        assertTrue(plan(Method.RL, 8, "H100 SXM 80GB", "BF16").getFirst().days() > full);
        assertTrue(plan(Method.FULL, 8, "H100 SXM 80GB", "FP8").getFirst().days() < full);
        assertThrows(IllegalArgumentException.class, () -> new Task(LLAMA, 0, 1, Method.FULL, "BF16",
                Devices.known().get("H20"), 1, 0));
    }
}
