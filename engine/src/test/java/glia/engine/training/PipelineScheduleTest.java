package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.PipelineSchedule.Work;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Schedules of pipelines: order, idle time and activations that a rank holds.
class PipelineScheduleTest {
    /// The idle time of arXiv 2104.04473, (p - 1)/(v · m) of the work.
    @ParameterizedTest
    @CsvSource({"2,1,4", "4,1,8", "4,1,4", "8,1,3", "2,2,4", "4,2,8", "4,3,12"})
    void idleTimeIsThatOfTheFormula(int ranks, int chunks, int microBatches) {
        PipelineSchedule schedule = new PipelineSchedule(ranks, chunks, microBatches, true);
        assertEquals(3L * chunks * microBatches + 3L * (ranks - 1), schedule.time());
        Set<Work> done = new HashSet<>();
        int last = ranks * chunks - 1;
        for (Work w : schedule.order()) {
            if (!w.isBackward() && w.stage() > 0) {
                assertTrue(done.contains(new Work(w.stage() - 1, w.microBatch(), false)));
            } else if (w.isBackward()) {
                assertTrue(done.contains(new Work(w.stage(), w.microBatch(), false)));
                assertTrue(w.stage() == last || done.contains(new Work(w.stage() + 1, w.microBatch(), true)));
                assertTrue(w.microBatch() == 0 || done.contains(new Work(w.stage(), w.microBatch() - 1, true)),
                        "gradients are added in the order of the micro-batches");
            }
            assertTrue(done.add(w));
        }
        assertEquals(2 * ranks * chunks * microBatches, done.size());
    }

    /// 1F1B holds no more activations than there are stages after this one.
    @ParameterizedTest
    @CsvSource({"4,16"})
    void aRankHoldsFewActivations(int ranks, int microBatches) {
        for (int rank = 0; rank < ranks; rank++) {
            int held = 0;
            int most = 0;
            int own = rank;
            List<Work> works = new PipelineSchedule(ranks, 1, microBatches, true).order().stream()
                    .filter(w -> w.stage() == own).toList();
            for (Work w : works) {
                held += w.isBackward() ? -1 : 1;
                most = Math.max(most, held);
            }
            assertEquals(ranks - rank, most);
        }
    }
}
