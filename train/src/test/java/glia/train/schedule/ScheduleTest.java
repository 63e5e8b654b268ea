package glia.train.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.train.schedule.Schedule.ConstantSchedule;
import glia.train.schedule.Schedule.CosineRestarts;
import glia.train.schedule.Schedule.CosineSchedule;
import glia.train.schedule.Schedule.InverseSqrtSchedule;
import glia.train.schedule.Schedule.LinearSchedule;
import glia.train.schedule.Schedule.WarmupStableDecay;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void theLastFactorHoldsAfterTheEnd() {
        for (Schedule s : List.of(new CosineSchedule(2, 10, 0.1), new LinearSchedule(2, 10),
                new LinearSchedule(2, 10, 0.3), new Schedule.CosineFromFirstStep(2, 10, 0.1, OptionalDouble.empty()),
                new CosineRestarts(2, 10, 3), new Schedule.PolynomialSchedule(2, 10, 0.1, 2))) {
            assertEquals(s.factor(10), s.factor(11), s.toString());
            assertEquals(s.factor(10), s.factor(1_000_000), s.toString());
        }
    }

    /// The first update has a rate above 0, and the rate rises in equal steps to that after the warm-up.
    @Test
    void warmUpsBeginAboveZero() {
        for (Schedule s : List.of(new CosineSchedule(4, 10, 0), new LinearSchedule(4, 10), new ConstantSchedule(4),
                new InverseSqrtSchedule(4), new CosineRestarts(4, 10, 1), new Schedule.PolynomialSchedule(4, 10, 0, 1),
                new WarmupStableDecay(4, 3, 3, 0, WarmupStableDecay.Shape.LINEAR))) {
            for (int i = 0; i <= 4; i++) {
                assertEquals((i + 1) / 5.0, s.factor(i), 1e-12, s.toString() + " at " + i);
            }
        }
        assertEquals(0.28, new WarmupStableDecay(4, 3, 3, 0.1, WarmupStableDecay.Shape.LINEAR).factor(0), 1e-12);
    }

    @Test
    void factorsAreFiniteForAnyNumbers() {
        for (long warmup : new long[] {0, 1, 10}) {
            for (long step : new long[] {0, 1, 9, 10, 11, Long.MAX_VALUE / 2}) {
                for (Schedule s : List.of(new CosineSchedule(warmup, 10, 0), new LinearSchedule(warmup, 10),
                        new ConstantSchedule(warmup), new InverseSqrtSchedule(warmup),
                        new Schedule.CosineFromFirstStep(warmup, 10, 0, OptionalDouble.of(0)),
                        new WarmupStableDecay(warmup, 0, 0, 0, WarmupStableDecay.Shape.LINEAR))) {
                    assertTrue(s.factor(step) >= 0 && s.factor(step) <= 1 + 1e-9, s + " at " + step);
                }
            }
        }
        assertEquals(0, new LinearSchedule(10, 10).factor(10));
        assertEquals(0.3, new LinearSchedule(2, 10, 0.3).factor(10));
        assertEquals(0.65, new LinearSchedule(2, 10, 0.3).factor(6), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> new LinearSchedule(1, 10, 1.5));
        assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(11, 10, 0));
        assertThrows(IllegalArgumentException.class, () -> new CosineSchedule(1, 10, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new LinearSchedule(-1, 10));
    }
}
