package glia.check.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.check.reference.CaseParams;
import glia.check.training.OptimCases.ReferenceSchedules;
import glia.train.schedule.Schedule.CosineSchedule;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/// Factors of Transformers 5.24 (`get_scheduler`, 2 warm-up steps of 10) at the steps 9, 10, 11 and 15.
class ReferenceSchedulesTest {
    @ParameterizedTest
    @CsvSource({
        "cosine, , 0.03806023374435663, 0, 0.038060233744356575, 0.691341716182545",
        "cosine_with_min_lr, '\"min_lr_rate\": 0.1', 0.13425421036992097, 0.1, 0.1342542103699209, 0.7222075445642905",
        "cosine_warmup_with_min_lr, '\"min_lr_rate\": 0.1', 0.1, 0.1342542103699209, 0.23180194846605356, "
                + "0.8681980515339464",
        "cosine_with_restarts, '\"num_cycles\": 2', 0.14644660940672627, 0, 0, 0",
        "linear, , 0.125, 0, 0, 0",
        // It ignores the warm-up.
        "constant, , 1, 1, 1, 1",
        "polynomial, '\"lr_end\": 0.1, \"power\": 2', 0.11406250000000001, 0.1, 0.1, 0.1"})
    void pastTheLastStepReferencesAreThoseOfTransformers(String name, String more, double before, double last,
            double next, double far) {
        String json = "{\"scheduler\": \"" + name + "\", \"lr\": 1, \"num_warmup_steps\": 2, "
                + "\"num_training_steps\": 10" + (more == null ? "" : ", " + more) + "}";
        LongToDoubleFunction factors = ReferenceSchedules.factors(new CaseParams(new JsonMapper().readTree(json)));
        if (!name.contains("warmup")) {
            assertEquals(name.equals("constant") ? 1 : 0.5, factors.applyAsDouble(1), 1e-12);
        }
        assertEquals(before, factors.applyAsDouble(9), 1e-12);
        assertEquals(last, factors.applyAsDouble(10), 1e-12);
        assertEquals(next, factors.applyAsDouble(11), 1e-12);
        assertEquals(far, factors.applyAsDouble(15), 1e-12);
        assertEquals(0.1, new CosineSchedule(2, 10, 0.1).factor(15), 1e-12);
    }
}
